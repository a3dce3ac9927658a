using Microsoft.Extensions.Logging;

namespace Waggle.Operator.ResourceGc;

public sealed partial class ResourceGcFeature
{
    [LoggerMessage(2041, LogLevel.Information, "{Kind} {Name} removed: what it describes is gone")]
    private partial void LogRemoved(string kind, string name);

    [LoggerMessage(2042, LogLevel.Warning, "{Kind} {Name} is not removed: {Problem}")]
    private partial void LogFailed(string kind, string name, string problem);
}
