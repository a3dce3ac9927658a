using Microsoft.Extensions.Logging;

namespace Waggle.Kube.Election;

public sealed partial class LeaderElection
{
    [LoggerMessage(2001, LogLevel.Information, "{Identity} leads (Lease {Namespace}/{Name})")]
    private partial void LogElected(string identity, string @namespace, string name);

    [LoggerMessage(2002, LogLevel.Error, "{Identity} leads no more (its work ended: {WorkEnded}); starting anew")]
    private partial void LogLost(string identity, bool workEnded);

    [LoggerMessage(2003, LogLevel.Warning, "Lease {Namespace}/{Name}: {Problem}; trying again")]
    private partial void LogFailed(string @namespace, string name, string problem);
}
