using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.State;

/// <summary><c>state [TABLE] [--watch]</c>: everything the agent of this node knows.</summary>
internal static class StateCommand
{
    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        var table = Operand.Optional("table", "the table; without it, the tables are listed", TableNames);
        var watch = new Flag<bool>("--watch", "go on showing changes", "-w");
        return new Verb("state", "Show the agent's tables")
        {
            Aliases = ["statedb"],
            Operands = [table],
            Flags = [watch, .. output.All],
            LongRunning = true,
            Examples =
            [
                new($"{tool} state", "which tables are there"),
                new($"{tool} state endpoints", "one table"),
                new($"{tool} state multicast-members --watch", "and its changes as they happen"),
                new("kubectl -n kube-system exec ds/cilium -- waggle state nodes -o json", "from outside the node"),
            ],
            Run = (call, cancellation) => RunAsync(call, output.Read(call), call.Get(table), call.Get(watch), cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, OutputRequest request, string? table, bool watch, CancellationToken cancellation)
    {
        using var agent = new AgentClient(call.Environment);
        if (table is null)
        {
            Rows.Print(call.Terminal, request, NodeTables.RowsOf(await agent.GetAsync("v1/tables", cancellation).ConfigureAwait(false)));
            return ExitCode.Ok;
        }

        if (watch)
        {
            return await WatchAsync(agent, call.Terminal, request, table, cancellation).ConfigureAwait(false);
        }

        var rows = await agent.GetAsync($"v1/tables/{Uri.EscapeDataString(table)}", cancellation).ConfigureAwait(false) ?? throw await UnknownAsync(agent, table, cancellation).ConfigureAwait(false);
        Rows.Print(call.Terminal, request, NodeTables.RowsOf(rows));
        return ExitCode.Ok;
    }

    private static async Task<ExitCode> WatchAsync(AgentClient agent, Terminal terminal, OutputRequest request, string table, CancellationToken cancellation)
    {
        Listing<JsonObject>? listing = null;
        var rows = new GrowingTable(terminal.Out);
        await foreach (var change in agent.StreamAsync($"v1/tables/{Uri.EscapeDataString(table)}?watch=1", cancellation).ConfigureAwait(false))
        {
            if (change is not JsonObject fields)
            {
                continue;
            }

            if (request.Structured)
            {
                Documents.WriteLine(terminal.Out, change);
            }
            else
            {
                // {"type": …, "row": {…}}: the kind of change becomes the first column. A reset has no row: everything follows anew.
                var row = new JsonObject { ["change"] = fields.Text("type") };
                foreach (var (name, value) in fields["row"] as JsonObject ?? [])
                {
                    row[name] = value?.DeepClone();
                }

                if (listing is null)
                {
                    listing = Rows.ListingOf([row]);
                    if (!request.NoHeaders)
                    {
                        rows.Row(listing.Headers(request));
                    }
                }

                rows.Row(listing.Cells(request, row));
            }

            terminal.Out.Flush();
        }

        return ExitCode.Ok;
    }

    private static async Task<CliException> UnknownAsync(AgentClient agent, string table, CancellationToken cancellation)
    {
        var names = NodeTables.RowsOf(await agent.GetAsync("v1/tables", cancellation).ConfigureAwait(false)).Select(row => Rows.Text(row["name"])).ToList();
        var nearest = Suggestions.For(table, names);
        return CliException.Usage($"there is no table \"{table}\"", nearest.Count > 0 ? $"Did you mean \"{nearest[0]}\"?" : $"Tables: {string.Join(", ", names)}.");
    }

    private static IEnumerable<Candidate> TableNames(CompletionRequest request)
    {
        if (!File.Exists(request.Environment.AgentSocket))
        {
            return [];
        }

        try
        {
            using var agent = new AgentClient(request.Environment);
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            return NodeTables.RowsOf(agent.GetAsync("v1/tables", soon.Token).GetAwaiter().GetResult()).Select(row => new Candidate(Rows.Text(row["name"]))).ToList();
        }
        catch (Exception silent) when (silent is CliException or OperationCanceledException)
        {
            return [];
        }
    }
}
