using System.Net;
using Waggle.Cli;
using Waggle.Commands.Agents;
using Waggle.Commands.Bpf.Multicast;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Multicast;

/// <summary><c>multicast add</c> and <c>multicast delete</c>.</summary>
internal static class ChangeCommands
{
    public static Verb Add(string tool)
    {
        var cluster = new ClusterFlags();
        var wait = MulticastClusterCommands.WaitFlag();
        var group = MulticastClusterCommands.GroupFlag();
        return new Verb("add", "Add a group on every node, with all other nodes as subscribers")
        {
            Flags = [group, wait, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} multicast add -g 225.0.0.11", "every node forwards the group to every other")],
            Run = (call, cancellation) =>
            {
                var address = Require(call, group);
                return MulticastClusterCommands.WithAgentsAsync(call, cluster, wait, async (agents, limit) =>
                {
                    using var client = cluster.Open(call);
                    var nodes = await NodeAddressesAsync(client, address, limit).ConfigureAwait(false);
                    var tally = new Tally();
                    foreach (var pod in await agents.ListAsync(limit).ConfigureAwait(false))
                    {
                        try
                        {
                            await AddAsync(call.Terminal, agents, pod, address, nodes, limit).ConfigureAwait(false);
                            tally.Done++;
                        }
                        catch (CliException refused)
                        {
                            tally.Failed.Add(refused);
                        }
                    }

                    tally.Conclude(call.Terminal);
                }, cancellation);
            },
        };
    }

    public static Verb Delete(string tool)
    {
        var cluster = new ClusterFlags();
        var wait = MulticastClusterCommands.WaitFlag();
        var group = MulticastClusterCommands.GroupFlag();
        return new Verb("delete", "Delete a group on every node")
        {
            Aliases = ["del"],
            Flags = [group, wait, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} multicast delete -g 225.0.0.11", "with its subscribers")],
            Run = (call, cancellation) =>
            {
                var address = Require(call, group);
                return MulticastClusterCommands.WithAgentsAsync(call, cluster, wait, async (agents, limit) =>
                {
                    var pods = await agents.ListAsync(limit).ConfigureAwait(false);
                    var tally = new Tally();
                    foreach (var (pod, result) in await agents.RunAsync(pods, _ => ["cilium", "bpf", "multicast", "group", "delete", address.ToString()], limit).ConfigureAwait(false))
                    {
                        if (result.ExitCode != 0)
                        {
                            tally.Failed.Add(AgentPods.Failed(pod, result));
                            continue;
                        }

                        tally.Done++;
                        call.Terminal.Out.WriteLine($"Deleted multicast group {address} in {pod.Spec.NodeName}");
                    }

                    tally.Conclude(call.Terminal);
                }, cancellation);
            },
        };
    }

    /// <summary>One node's refusal must not keep the others from their change; the exit code says that it was partial.</summary>
    private sealed class Tally
    {
        public int Done { get; set; }

        public List<CliException> Failed { get; } = [];

        public void Conclude(Terminal terminal)
        {
            foreach (var more in Failed.Skip(1))
            {
                terminal.Warn(more.Message);
            }

            if (Failed.Count > 0)
            {
                throw new CliException(Failed[0].Message, Failed[0].Hint, Done > 0 ? ExitCode.Partial : ExitCode.Failed);
            }
        }
    }

    private static IPAddress Require(Call call, Flag<string?> group) => MulticastAddress.Parse(call.Get(group) ?? throw CliException.Usage("say which group: --group-ip IP"));

    /// <summary>Each node's internal address, by the node's name, in the group's family.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> NodeAddressesAsync(KubeClient client, IPAddress group, CancellationToken cancellation)
    {
        var v6 = group.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var nodes = await client.ListAsync(KubeTypes.CiliumNodes, cancellation: cancellation).ConfigureAwait(false);
        return nodes.Items
            .Select(node => (node.Metadata.Name, Address: node.Spec.Addresses.OrderBy(address => address.Type == "CiliumInternalIP" ? 0 : 1)
                .FirstOrDefault(address => address.Type is "CiliumInternalIP" or "InternalIP" && address.Ip.Contains(':') == v6)?.Ip))
            .Where(node => node.Address is not null)
            .ToDictionary(node => node.Name!, node => node.Address!, StringComparer.Ordinal);
    }

    private static async Task AddAsync(Terminal terminal, AgentPods agents, Pod pod, IPAddress group, IReadOnlyDictionary<string, string> nodes, CancellationToken cancellation)
    {
        IReadOnlyList<Pod> one = [pod];
        async Task<Kube.Exec.ExecResult> RunAsync(params string[] words) =>
            (await agents.RunAsync(one, _ => ["cilium", "bpf", "multicast", .. words], cancellation).ConfigureAwait(false))[0].Result;

        var groups = AgentPods.Rows(pod, await RunAsync("group", "list", "-o", "json").ConfigureAwait(false));
        if (!groups.Any(row => Nodes.NodeTables.Text(row, "group_address") == group.ToString()) && await RunAsync("group", "add", group.ToString()).ConfigureAwait(false) is { ExitCode: not 0 } refused)
        {
            throw AgentPods.Failed(pod, refused);
        }

        var added = new List<string>();
        foreach (var (name, address) in nodes.Where(node => node.Key != pod.Spec.NodeName).OrderBy(node => node.Key, StringComparer.Ordinal))
        {
            if (await RunAsync("subscriber", "add", group.ToString(), address).ConfigureAwait(false) is { ExitCode: not 0 } failed)
            {
                throw AgentPods.Failed(pod, failed);
            }

            added.Add(name);
        }

        terminal.Out.WriteLine($"Added {added.Count} nodes ({string.Join(", ", added)}) to multicast group {group} in {pod.Spec.NodeName}");
        terminal.Out.Flush();
    }
}
