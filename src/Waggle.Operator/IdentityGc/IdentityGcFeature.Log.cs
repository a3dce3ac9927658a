using Microsoft.Extensions.Logging;

namespace Waggle.Operator.IdentityGc;

public sealed partial class IdentityGcFeature
{
    [LoggerMessage(2031, LogLevel.Information, "identity {Identity} removed: no endpoint used it")]
    private partial void LogRemoved(string identity);

    [LoggerMessage(2032, LogLevel.Warning, "identity {Identity} is not removed: {Problem}")]
    private partial void LogFailed(string identity, string problem);
}
