using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Status;

/// <summary>The status of the agent on this node, in its own words.</summary>
internal static class AgentStatus
{
    public static async Task<ExitCode> ShowAsync(Call call, OutputRequest request, bool verbose, TimeSpan patience, CancellationToken cancellation)
    {
        using var agent = new AgentClient(call.Environment);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            CliException? silence = null;
            JsonNode? status = null;
            try
            {
                status = await agent.GetAsync("v1/status", cancellation).ConfigureAwait(false) ?? throw new CliException("the agent has no status", "It may be of an older version.");
            }
            catch (CliException silent) when (silent.ExitCode == ExitCode.NotReachable && clock.Elapsed < patience)
            {
                silence = silent;
            }

            if (silence is null && (IsHealthy(status) || clock.Elapsed >= patience))
            {
                Print(call.Terminal, request, status!, verbose);
                return IsHealthy(status) ? ExitCode.Ok : patience > TimeSpan.Zero ? ExitCode.Timeout : ExitCode.Failed;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellation).ConfigureAwait(false);
        }
    }

    internal static bool IsHealthy(JsonNode? status) => status is JsonObject fields && (fields["healthy"] ?? fields["ok"] ?? fields["ready"]) is { } healthy && healthy.GetValueKind() == System.Text.Json.JsonValueKind.True;

    /// <summary>Scalars as lines, lists of objects as tables below; whatever the agent reports is shown.</summary>
    internal static void Print(Terminal terminal, OutputRequest request, JsonNode status, bool verbose)
    {
        if (request.Structured || status is not JsonObject fields)
        {
            Documents.Write(terminal.Out, request, status);
            return;
        }

        var table = new TabWriter(terminal.Out, new TableLayout(0, 3));
        foreach (var (name, value) in fields.Where(field => field.Value is not JsonArray and not JsonObject && Rows.Text(field.Value).Length > 0))
        {
            table.Line($"{Title(name)}:\t{Rows.Text(value)}");
        }

        foreach (var (name, value) in fields.Where(field => field.Value is JsonObject))
        {
            var cells = name == "hubble" ? HubbleLine.Cells(value!.AsObject()) : null;
            table.Line($"{Title(name)}:\t{(cells is null ? string.Join(", ", value!.AsObject().Select(part => $"{part.Key} {Rows.Text(part.Value)}")) : string.Join('\t', cells))}");
        }

        var lists = fields.Where(field => field.Value is JsonArray { Count: > 0 }).Select(field => (Name: field.Key, Rows: field.Value!.AsArray().OfType<JsonObject>().ToList())).ToList();
        foreach (var (name, rows) in lists)
        {
            table.Line($"{Title(name)}:\t{rows.Count(IsFine)}/{rows.Count} healthy");
        }

        table.Flush();
        // Details of what is not well; of everything when asked.
        foreach (var (_, rows) in lists)
        {
            var shown = verbose ? rows : rows.Where(row => !IsFine(row)).ToList();
            if (shown.Count > 0)
            {
                terminal.Out.WriteLine();
                Rows.Print(terminal, request, shown);
            }
        }
    }

    private static bool IsFine(JsonObject row) =>
        !row.Any(field => field.Key is "healthy" or "ok" && field.Value?.GetValueKind() == System.Text.Json.JsonValueKind.False) && Rows.Text(row["error"]) is "" or "-";

    private static string Title(string name) => char.ToUpperInvariant(name[0]) + string.Concat(name.Skip(1).Select(c => char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString()));
}
