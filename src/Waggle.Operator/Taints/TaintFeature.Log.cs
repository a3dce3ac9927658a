using Microsoft.Extensions.Logging;

namespace Waggle.Operator.Taints;

public sealed partial class TaintFeature
{
    [LoggerMessage(2051, LogLevel.Information, "node {Node}: taint {Key} removed, its agent is ready")]
    private partial void LogRemoved(string node, string key);

    [LoggerMessage(2052, LogLevel.Warning, "node {Node}: taint {Key} is not removed: {Problem}; trying again")]
    private partial void LogFailed(string node, string key, string problem);
}
