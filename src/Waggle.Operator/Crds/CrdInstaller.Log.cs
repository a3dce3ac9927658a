using Microsoft.Extensions.Logging;

namespace Waggle.Operator.Crds;

public sealed partial class CrdInstaller
{
    [LoggerMessage(2011, LogLevel.Information, "resource type {Name} installed")]
    private partial void LogInstalled(string name);

    [LoggerMessage(2012, LogLevel.Information, "resource type {Name} updated")]
    private partial void LogUpdated(string name);

    [LoggerMessage(2013, LogLevel.Warning, "resource type {Name}: {Problem}; trying again")]
    private partial void LogFailed(string name, string problem);
}
