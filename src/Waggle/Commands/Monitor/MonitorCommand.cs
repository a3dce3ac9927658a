using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Monitor;

/// <summary><c>monitor</c>: drops, traces, verdicts and memberships of this node as they happen.</summary>
internal static class MonitorCommand
{
    private static readonly string[] Types = ["drop", "trace", "policy-verdict", "membership", "debug"];

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        var type = new Flag<string[]>("--type", "only these events: drop, trace, policy-verdict, membership or debug (may be repeated)", "-t") { HelpName = "TYPE", Values = _ => Types.Select(each => new Candidate(each)) };
        var related = new Flag<string[]>("--related-to", "only events of these endpoint ids (may be repeated)") { HelpName = "ID" };
        var from = new Flag<string[]>("--from", "only events whose source has this identity (may be repeated)") { HelpName = "IDENTITY" };
        var to = new Flag<string[]>("--to", "only events whose destination has this identity (may be repeated)") { HelpName = "IDENTITY" };
        return new Verb("monitor", "Watch drops, traces, policy verdicts and multicast memberships of this node")
        {
            Details = "Run it on a node, i.e. in an agent's container. Events that the node's ring buffer had no room for are counted and shown.\nIt ends with 4 when events were lost.",
            Flags = [type, related, from, to, .. output.All],
            LongRunning = true,
            Examples =
            [
                new($"{tool} monitor --type drop", "why packets do not arrive"),
                new($"{tool} monitor --related-to 1234 -o json", "everything of one endpoint, for a script"),
                new("kubectl -n kube-system exec ds/cilium -- cilium monitor -t drop", "from outside"),
            ],
            Run = (call, cancellation) =>
            {
                var filter = new MonitorFilter([.. Known(call.Get(type) ?? [])], Numbers(call.Get(related), "--related-to"), Numbers(call.Get(from), "--from"), Numbers(call.Get(to), "--to"));
                return RunAsync(call, output.Read(call), filter, cancellation);
            },
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, OutputRequest request, MonitorFilter filter, CancellationToken cancellation)
    {
        var lost = 0L;
        using var agent = new AgentClient(call.Environment);
        var terminal = call.Terminal;
        try
        {
            terminal.Note("Press Ctrl-C to quit");
            await foreach (var document in agent.StreamAsync("v1/monitor", cancellation).ConfigureAwait(false))
            {
                if (document is not JsonObject fields)
                {
                    continue;
                }

                var happened = MonitorEvent.From(fields);
                lost += happened.Type == "lost" ? fields.Number("count") : 0;
                if (!filter.Takes(happened))
                {
                    continue;
                }

                if (request.Structured)
                {
                    Documents.WriteLine(terminal.Out, fields);
                }
                else
                {
                    terminal.Out.Write(happened.Line(terminal.OutStyle) + "\n");
                }

                terminal.Out.Flush();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Ctrl-C is how this command ends.
            return lost > 0 ? ExitCode.Partial : ExitCode.Ok;
        }

        throw new CliException("the agent ended the stream", "It may have been restarted: start the command again.", lost > 0 ? ExitCode.Partial : ExitCode.NotReachable);
    }

    private static IEnumerable<string> Known(string[] types)
    {
        foreach (var each in types.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            yield return Types.Contains(each) ? each : throw CliException.Usage($"--type cannot be \"{each}\"", $"Did you mean \"{Suggestions.Nearest(each, Types)}\"? Types: {string.Join(", ", Types)}.");
        }
    }

    private static IReadOnlySet<long> Numbers(string[]? texts, string flag) => (texts ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        .Select(text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw CliException.Usage($"{flag} cannot be \"{text}\"", "It is a number."))
        .ToHashSet();
}

/// <summary>Which events are wanted; an empty set takes all. Losses are always told.</summary>
internal sealed record MonitorFilter(IReadOnlySet<string> Types, IReadOnlySet<long> Endpoints, IReadOnlySet<long> From, IReadOnlySet<long> To)
{
    public MonitorFilter(IReadOnlyList<string> types, IReadOnlySet<long> endpoints, IReadOnlySet<long> from, IReadOnlySet<long> to) : this(types.ToHashSet(), endpoints, from, to)
    {
    }

    public bool Takes(MonitorEvent happened) => happened.Type == "lost"
        || (Types.Count == 0 || Types.Contains(happened.Type))
        && (Endpoints.Count == 0 || Endpoints.Contains(happened.Endpoint))
        && (From.Count == 0 || From.Contains(happened.SourceIdentity))
        && (To.Count == 0 || To.Contains(happened.DestinationIdentity));
}
