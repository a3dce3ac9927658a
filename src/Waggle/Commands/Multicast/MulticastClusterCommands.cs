using Waggle.Cli;
using Waggle.Commands.Agents;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Multicast;

/// <summary><c>cilium multicast</c>: groups and subscribers of all nodes at once, through the agents (the manual mode).</summary>
internal static class MulticastClusterCommands
{
    public static Verb Create(string tool) => new("multicast", "Manage multicast groups on all nodes")
    {
        Details = "The manual mode: groups and subscribers made here last until they are deleted here. Groups are better configured with IsovalentMulticastGroup resources; members then join by themselves.",
        Children = () => [new Verb("list", "List groups or subscribers") { Children = () => [ListCommands.Groups(tool), ListCommands.Subscribers(tool)] }, ChangeCommands.Add(tool), ChangeCommands.Delete(tool)],
    };

    public static Flag<string?> GroupFlag() => new("--group-ip", "the group's address", "-g") { HelpName = "IP" };

    public static Flag<string> WaitFlag() => new("--wait-duration", "longest wait for the agents' answers") { HelpName = "TIME", Default = "1m" };

    /// <summary>Opens the cluster and runs the work within the time that the flag gives.</summary>
    public static async Task<ExitCode> WithAgentsAsync(Call call, ClusterFlags cluster, Flag<string> wait, Func<AgentPods, CancellationToken, Task> work, CancellationToken cancellation)
    {
        var patience = Durations.Parse(call.Get(wait)!, "--wait-duration");
        using var client = cluster.Open(call);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            await work(new AgentPods(client, call.Get(cluster.Namespace)!), limit.Token).ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CliException($"the agents did not answer within {Durations.Format(patience)}", "\"cilium status\" tells how they are.", ExitCode.Timeout);
        }
    }
}
