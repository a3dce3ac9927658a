using Microsoft.Extensions.Logging;

namespace Waggle.Agent.Policy;

internal sealed partial class PolicyLoop
{
    [LoggerMessage(1111, LogLevel.Information, "policy in force from before: {Subjects} subjects, {Peers} peers, {Rules} port rules")]
    private partial void LogAdopted(int subjects, int peers, int rules);

    [LoggerMessage(1112, LogLevel.Warning, "{Policy} is not taken: {Problems}; what it said before stays in force")]
    private partial void LogRefused(string policy, string problems);

    [LoggerMessage(1113, LogLevel.Warning, "CiliumCIDRGroup {Name} is not taken: {Problems}; what it said before stays in force")]
    private partial void LogGroupRefused(string name, string problems);

    [LoggerMessage(1114, LogLevel.Error, "policy does not fit into the kernel's maps: {Problem}")]
    private partial void LogDoesNotFit(string problem);

    [LoggerMessage(1115, LogLevel.Error, "policy cannot be brought up to date, what is in force stays: {Problem}; trying again")]
    private partial void LogRoundFailed(string problem);
}
