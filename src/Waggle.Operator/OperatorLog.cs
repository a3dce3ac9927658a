using Microsoft.Extensions.Logging;

namespace Waggle.Operator;

internal static partial class OperatorLog
{
    [LoggerMessage(2000, LogLevel.Warning, "configuration: {Problem}")]
    public static partial void ConfigProblem(ILogger logger, string problem);

    [LoggerMessage(2004, LogLevel.Critical, "{Count} values of the configuration in {Directory} are not valid (see above): correct ConfigMap cilium-config")]
    public static partial void ConfigRefused(ILogger logger, int count, string directory);

    [LoggerMessage(2005, LogLevel.Critical, "cannot start: {Problem}")]
    public static partial void CannotStart(ILogger logger, string problem);

    [LoggerMessage(2006, LogLevel.Warning, "not listening on {Address}: {Problem}")]
    public static partial void NotListening(ILogger logger, string address, string problem);
}
