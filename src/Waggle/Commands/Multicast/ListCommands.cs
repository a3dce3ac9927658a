using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Agents;
using Waggle.Commands.Bpf.Multicast;
using Waggle.Commands.Cluster;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Multicast;

/// <summary><c>multicast list group</c> and <c>multicast list subscriber</c>.</summary>
internal static class ListCommands
{
    // Like a node's own listing, but names of nodes may be longer than a column.
    private static readonly TableLayout Layout = new(16, 1, TrailingTab: true);

    internal sealed record Row(string Node, string Group, JsonObject? Member);

    public static Verb Groups(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var wait = MulticastClusterCommands.WaitFlag();
        return new Verb("group", "List the groups of every node")
        {
            Flags = [wait, .. output.All, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} multicast list group", "which node forwards which groups")],
            Run = (call, cancellation) => MulticastClusterCommands.WithAgentsAsync(call, cluster, wait, async (agents, limit) =>
            {
                var rows = await ReadAsync(agents, ["cilium", "bpf", "multicast", "group", "list", "-o", "json"], limit).ConfigureAwait(false);
                PrintGroups(call.Terminal, output.Read(call), rows);
            }, cancellation),
        };
    }

    public static Verb Subscribers(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var wait = MulticastClusterCommands.WaitFlag();
        var group = MulticastClusterCommands.GroupFlag();
        var all = new Flag<bool>("--all", "every group");
        return new Verb("subscriber", "List the subscribers on every node")
        {
            Flags = [group, all, wait, .. output.All, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} multicast list subscriber --all", "who listens, as every node sees it"), new($"{tool} multicast list subscriber -g 225.0.0.11", "one group")],
            Run = (call, cancellation) =>
            {
                var which = call.Get(group);
                if (which is null == !call.Get(all))
                {
                    throw CliException.Usage("say which group: --group-ip IP, or --all");
                }

                var argument = which is null ? "all" : MulticastAddress.Parse(which).ToString();
                return MulticastClusterCommands.WithAgentsAsync(call, cluster, wait, async (agents, limit) =>
                {
                    var rows = await ReadAsync(agents, ["cilium", "bpf", "multicast", "subscriber", "list", argument, "-o", "json"], limit).ConfigureAwait(false);
                    PrintSubscribers(call.Terminal, output.Read(call), rows);
                }, cancellation);
            },
        };
    }

    private static async Task<IReadOnlyList<Row>> ReadAsync(AgentPods agents, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var results = await agents.RunAsync(await agents.ListAsync(cancellation).ConfigureAwait(false), _ => command, cancellation).ConfigureAwait(false);
        return [.. results.SelectMany(answer => AgentPods.Rows(answer.Pod, answer.Result).SelectMany(row => Flatten(answer.Pod.Spec.NodeName ?? "", row)))];
    }

    private static IEnumerable<Row> Flatten(string node, JsonObject row)
    {
        var group = row.Text("group_address") ?? "";
        var members = (row["subscribers"] as JsonArray)?.OfType<JsonObject>().ToList() ?? [];
        return members.Count == 0 ? [new Row(node, group, null)] : members.Select(member => new Row(node, group, member));
    }

    internal static void PrintGroups(Terminal terminal, OutputRequest request, IReadOnlyList<Row> rows)
    {
        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, new JsonArray([.. rows.GroupBy(row => row.Node).Select(node => (JsonNode)new JsonObject { ["node"] = node.Key, ["groups"] = new JsonArray([.. node.Select(row => (JsonNode)row.Group)]) })]));
            return;
        }

        Print(terminal, request, ["Node", "Group"], rows.Select(row => (string[])[row.Node, row.Group]), repeated: 1);
    }

    internal static void PrintSubscribers(Terminal terminal, OutputRequest request, IReadOnlyList<Row> rows)
    {
        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, new JsonArray([.. rows.GroupBy(row => row.Node).Select(node => (JsonNode)new JsonObject
            {
                ["node"] = node.Key,
                ["groups"] = new JsonArray([.. node.GroupBy(row => row.Group).Select(group => (JsonNode)new JsonObject
                {
                    ["group_address"] = group.Key, ["subscribers"] = new JsonArray([.. group.Where(row => row.Member is not null).Select(row => row.Member!.DeepClone())]),
                })]),
            })]));
            return;
        }

        Print(terminal, request, ["Node", "Group", "Subscriber", "Type"], rows.Select(row => row.Member is { } member
            ? (string[])[row.Node, row.Group, member.Text("SAddr") ?? "", member.Truth("IsRemote") ? "Remote Node" : "Local Endpoint"]
            : [row.Node, row.Group]), repeated: 2);
    }

    /// <summary>The first <paramref name="repeated"/> cells are left out where they say the same as the row above.</summary>
    private static void Print(Terminal terminal, OutputRequest request, IReadOnlyList<string> header, IEnumerable<string[]> rows, int repeated)
    {
        var table = new TabWriter(terminal.Out, Layout);
        if (!request.NoHeaders)
        {
            table.Row(header);
        }

        string[]? last = null;
        foreach (var row in rows)
        {
            var shown = (string[])row.Clone();
            for (var i = 0; i < repeated && last is not null && i < row.Length - 1 && row[i] == last[i]; i++)
            {
                shown[i] = "";
            }

            last = row;
            table.Row(shown);
        }

        table.Flush();
    }
}
