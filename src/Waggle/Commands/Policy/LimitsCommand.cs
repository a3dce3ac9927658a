using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Policy;

/// <summary><c>limits</c>: what there can be at most on this node, what is used, and what happens when it is full.</summary>
internal static class LimitsCommand
{
    private const double Warning = 80;

    private static readonly Listing<JsonObject> Listing = new()
    {
        Columns =
        [
            new("LIMIT", row => row.Text("limit") ?? ""), new("USED", row => Rows.Text(row["used"]) is { Length: > 0 } used ? used : "-"), new("MOST", row => $"{row.Number("max")}"),
            new("USE", row => Rows.Text(row["percent"]) is { Length: > 0 } percent ? percent + " %" : "-"), new("SETTING", row => row.Text("key") is { Length: > 0 } key ? key : "-"), new("WHEN FULL", row => row.Text("whenFull") ?? ""),
        ],
        Json = row => row.DeepClone(),
    };

    public static Verb Create()
    {
        var output = new OutputFlags();
        return new Verb("limits", "Show this node's limits: use, and what happens when one is reached")
        {
            Details = "It ends with 4 when more than 80 % of one are in use.",
            Flags = output.All,
            Examples = [new("kubectl -n kube-system exec ds/cilium -- waggle limits", "how near is the next limit?")],
            Run = async (call, cancellation) =>
            {
                using var agent = new AgentClient(call.Environment);
                var rows = NodeTables.RowsOf((await agent.GetAsync("v1/limits", cancellation).ConfigureAwait(false))?["limits"]);
                Listing.Print(call.Terminal, output.Read(call), rows);
                var near = rows.Where(row => row["percent"] is JsonValue value && value.TryGetValue(out double percent) && percent >= Warning).ToList();
                near.ForEach(row => call.Terminal.Note($"Warning: {row.Text("limit")}: {Rows.Text(row["percent"])} % in use{(row.Text("key") is { Length: > 0 } key ? $"; raise {key}" : "")}"));
                return near.Count > 0 ? ExitCode.Partial : ExitCode.Ok;
            },
        };
    }
}
