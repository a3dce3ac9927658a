using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Agents;
using Waggle.Commands.Cluster;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Policy;

/// <summary><c>limits</c>: what there can be at most on a node, what is used, and what happens when it is full.</summary>
internal static class LimitsCommand
{
    private static readonly Column<JsonObject>[] s_columns =
    [
        new("LIMIT", row => row.Text("limit") ?? ""), new("USED", row => $"{row.Number("used")}"), new("MOST", row => $"{row.Number("max")}"), new("USE", Use),
        new("SETTING", row => row.Text("key") is { Length: > 0 } key ? key : "-"), new("WHEN FULL", row => row.Text("whenFull") ?? ""),
    ];

    private static readonly Listing<JsonObject> s_node = new() { Columns = s_columns, Json = row => row.DeepClone() };

    private static readonly Listing<JsonObject> s_cluster = new() { Columns = [new("NODE", row => row.Text("node") ?? ""), .. s_columns], Json = row => row.DeepClone() };

    public static Verb Create()
    {
        var output = new OutputFlags();
        var cluster = new ClusterFlags();
        return new Verb("limits", "Show the limits of nodes: use, and what happens when one is reached")
        {
            Details = "On a node (and without a kubeconfig) its own; from outside those of all nodes: every agent is asked. Exit code 4: more than 80 % of one are in use, something does not fit, or a node did not answer.",
            Flags = [.. output.All, .. cluster.All],
            Examples =
            [
                new("waggle limits", "how near is the next limit, on any node?"),
                new("kubectl -n kube-system exec ds/cilium -- waggle limits", "the same for one node"),
                new("waggle limits --kubeconfig lab.conf -o json", "for scripts"),
            ],
            Run = (call, cancellation) => RunAsync(call, output, cluster, cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, OutputFlags output, ClusterFlags cluster, CancellationToken cancellation)
    {
        bool complete = true, node = cluster.PrefersNode(call);
        var rows = new List<JsonObject>();
        if (node)
        {
            using var agent = new AgentClient(call.Environment);
            rows.AddRange(NodeTables.RowsOf((await agent.GetAsync("v1/limits", cancellation).ConfigureAwait(false))?["limits"]));
        }
        else
        {
            using var client = cluster.Open(call);
            var agents = new AgentPods(client, call.Get(cluster.Namespace)!);
            foreach (var (pod, result) in await agents.RunAsync(await agents.ListAsync(cancellation).ConfigureAwait(false), _ => ["waggle", "limits", "-o", "json"], cancellation).ConfigureAwait(false))
            {
                // 4 is "something is near its limit": an answer like any other.
                if (result.ExitCode is not (0 or (int)ExitCode.Partial))
                {
                    complete = false;
                    call.Terminal.Note($"Warning: {AgentPods.Failed(pod, result).Message}");
                    continue;
                }

                foreach (var row in AgentPods.Rows(pod, result with { ExitCode = 0 }))
                {
                    var named = new JsonObject { ["node"] = pod.Spec.NodeName };
                    foreach (var (key, value) in row)
                    {
                        named[key] = value?.DeepClone();
                    }

                    rows.Add(named);
                }
            }
        }

        (node ? s_node : s_cluster).Print(call.Terminal, output.Read(call), rows);
        var near = rows.Where(row => row["near"] is JsonValue value && value.TryGetValue(out bool is_) && is_).ToList();
        near.ForEach(row => call.Terminal.Note(Warning(row)));
        return near.Count > 0 || !complete ? ExitCode.Partial : ExitCode.Ok;
    }

    private static string Use(JsonObject row) => row["asked"] is JsonValue ? $"{Rows.Text(row["percent"])} %, {row.Number("asked")} asked" : $"{Rows.Text(row["percent"])} %";

    private static string Warning(JsonObject row)
    {
        string where = row.Text("node") is { } node ? $"{node}: " : "", advice = row.Text("key") is { Length: > 0 } key ? $"; raise {key}" : "";
        return row["asked"] is JsonValue
            ? $"Warning: {where}{row.Text("limit")}: {row.Number("asked")} are asked for, there is room for {row.Number("max")}; {row.Text("whenFull")}{advice}"
            : $"Warning: {where}{row.Text("limit")}: {Rows.Text(row["percent"])} % in use{advice}";
    }
}
