using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Policy;

/// <summary><c>policy get|selectors|wait</c>: what a node enforces.</summary>
internal static class PolicyNodeCommands
{
    private static readonly Listing<JsonObject> Selectors = new()
    {
        Columns =
        [
            new("SELECTOR", row => row.Text("selector") ?? ""), new("USERS", row => string.Join(", ", row.Texts("policies"))), new("IDENTITIES", row => string.Join(' ', row.Texts("identities"))),
        ],
        Json = row => row.DeepClone(),
        WhenEmpty = "No policies",
    };

    public static IReadOnlyList<Verb> Create(string tool) => [Get(tool), SelectorsOf(tool), Wait(tool)];

    private static Verb Get(string tool)
    {
        var output = new OutputFlags();
        var name = Operand.Optional("name", "NAMESPACE/NAME or NAME; without: all");
        return new Verb("get", "Show the policies that this node enforces")
        {
            Operands = [name],
            Flags = output.All,
            Details = "Rules as the node has them, with what is wrong with them, how many of the node's endpoints they select and the revision since which they are in force. Rules that fail closed because a part is not implemented say so in \"warnings\".",
            Examples = [new($"{tool} policy get", "all"), new($"{tool} policy get default/web -o yaml", "one")],
            Run = async (call, cancellation) =>
            {
                var wanted = call.Get(name);
                var status = (await NodeTables.ReadAsync(call.Environment, "policy-status", cancellation).ConfigureAwait(false)).ToDictionary(row => row.Text("policy") ?? "");
                var found = (await NodeTables.ReadAsync(call.Environment, "policies", cancellation).ConfigureAwait(false))
                    .Where(row => wanted is null || row.Text("name") == wanted || $"{row.Text("namespace")}/{row.Text("name")}" == wanted).ToList();
                if (wanted is not null && found.Count == 0)
                {
                    throw new CliException($"this node has no policy \"{wanted}\"", $"\"{tool} policy get\" shows all.");
                }

                var documents = new JsonArray();
                foreach (var row in found)
                {
                    var document = row.DeepClone().AsObject();
                    if (status.GetValueOrDefault(row.Text("policy") ?? "") is { } state)
                    {
                        document["endpoints"] = state.Number("endpoints");
                        document["realizedRevision"] = state.Number("revision");
                        document["problem"] = state.Text("problem");
                    }

                    documents.Add((JsonNode)document);
                }

                var request = output.Read(call);
                Documents.Write(call.Terminal.Out, request.Structured ? request : request with { Format = OutputFormat.Json }, documents);
                if (!request.Structured)
                {
                    call.Terminal.Out.Write($"Revision: {(await RevisionAsync(call, cancellation).ConfigureAwait(false)).Number("revision")}\n");
                }

                return ExitCode.Ok;
            },
        };
    }

    private static Verb SelectorsOf(string tool)
    {
        var output = new OutputFlags();
        return new Verb("selectors", "Show the selectors of policies and the identities they match on this node")
        {
            Flags = output.All,
            Examples = [new($"{tool} policy selectors", "does the selector match what it should?")],
            Run = async (call, cancellation) =>
            {
                using var agent = new AgentClient(call.Environment);
                Selectors.Print(call.Terminal, output.Read(call), NodeTables.RowsOf((await agent.GetAsync("v1/policy/selectors", cancellation).ConfigureAwait(false))?["selectors"]));
                return ExitCode.Ok;
            },
        };
    }

    private static Verb Wait(string tool)
    {
        var revision = Operand.Required("revision", "a revision, as \"policy get\" prints it");
        var patience = new Flag<string>("--max-wait-time", "longest wait") { HelpName = "TIME", Default = "60s" };
        return new Verb("wait", "Wait until all endpoints of this node have a revision of the policies")
        {
            Operands = [revision],
            Flags = [patience],
            Examples = [new($"{tool} policy wait 5", "then measure")],
            Run = async (call, cancellation) =>
            {
                if (!long.TryParse(call.Get(revision), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted))
                {
                    throw CliException.Usage($"\"{call.Get(revision)}\" is no revision", "It is a number.");
                }

                var limit = Durations.Parse(call.Get(patience)!, "--max-wait-time");
                var started = System.Diagnostics.Stopwatch.GetTimestamp();
                while ((await RevisionAsync(call, cancellation).ConfigureAwait(false)).Number("realized") is var realized && realized < wanted)
                {
                    if (System.Diagnostics.Stopwatch.GetElapsedTime(started) > limit)
                    {
                        throw new CliException($"after {call.Get(patience)} endpoints of this node have revision {realized}, not {wanted}", "waggle state policy-subjects shows which one waits, and why", ExitCode.Timeout);
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation).ConfigureAwait(false);
                }

                return ExitCode.Ok;
            },
        };
    }

    private static async Task<JsonObject> RevisionAsync(Call call, CancellationToken cancellation)
    {
        using var agent = new AgentClient(call.Environment);
        return await agent.GetAsync("v1/policy", cancellation).ConfigureAwait(false) as JsonObject ?? throw new CliException("the agent knows no policy", "Is it of another version? \"cilium version\" tells.");
    }
}
