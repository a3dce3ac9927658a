using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Nodes;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Policy;

/// <summary><c>bpf policy get ID|--all</c>: what the kernel enforces for an endpoint.</summary>
internal static class PolicyGetCommand
{
    private const int MostNames = 3;

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        var which = Operand.Optional("endpoint", "the endpoint's id");
        var all = new Flag<bool>("--all", "every endpoint of the node", "-a");
        var numeric = new Flag<bool>("--numeric", "numbers of identities instead of labels", "-n");
        return new Verb("get", "Show what the kernel enforces for an endpoint")
        {
            Aliases = ["list"],
            Operands = [which],
            Flags = [all, numeric, .. output.All],
            Details = "Lines of one class of peers stand together; packets and bytes are those of the rule that decides, whichever line led to it.",
            Examples = [new($"{tool} bpf policy get 1234", "rules with packets and bytes"), new($"{tool} bpf policy get --all -o json", "for a script")],
            Run = async (call, cancellation) =>
            {
                var maps = new NodeMaps(call.Environment);
                using var reader = new PolicyReader(maps);
                var endpoints = Endpoints(maps, call.Get(which), call.Get(all));
                var request = output.Read(call);
                var names = call.Get(numeric) || request.Structured ? [] : await NamesAsync(call, cancellation).ConfigureAwait(false);
                var documents = new JsonArray();
                foreach (var (id, number) in endpoints)
                {
                    IReadOnlyList<PolicyEntry> entries = reader.Subject(number) is { } subject ? reader.Entries(subject) : [];
                    if (request.Structured)
                    {
                        documents.Add((JsonNode)new JsonObject { ["endpoint"] = id, ["subject"] = number, ["entries"] = new JsonArray([.. entries.Select(e => (JsonNode)e.ToJson())]) });
                        continue;
                    }

                    if (call.Get(all))
                    {
                        call.Terminal.Out.Write($"Endpoint ID: {id}\n\n");
                    }

                    Print(call.Terminal, request, entries, names, call.Get(numeric));
                    if (call.Get(all))
                    {
                        call.Terminal.Out.Write("\n");
                    }
                }

                if (request.Structured)
                {
                    Documents.Write(call.Terminal.Out, request, documents);
                }

                return ExitCode.Ok;
            },
        };
    }

    private static void Print(Terminal terminal, OutputRequest request, IReadOnlyList<PolicyEntry> entries, Dictionary<long, string> names, bool numeric)
    {
        var table = new TabWriter(terminal.Out, TableLayout.Default);
        if (!request.NoHeaders)
        {
            table.Row(["POLICY", "DIRECTION", numeric ? "IDENTITY" : "LABELS (source:key[=value])", "PORT/PROTO", "PROXY PORT", "AUTH TYPE", "BYTES", "PACKETS", "PREFIX"]);
        }

        foreach (var entry in entries)
        {
            string[] peers = entry.Identities.Count == 0 ? ["ANY"] : [.. entry.Identities.Take(numeric ? int.MaxValue : MostNames).Select(i => names.GetValueOrDefault(i) ?? $"{i}")];
            var more = entry.Identities.Count - peers.Length;
            var suffix = entry.ShadowPolicy.Length > 0 ? $" (on trial: {entry.ShadowPolicy})" : "";
            table.Row(
            [
                entry.Policy + suffix, entry.Direction, peers[0], entry.Port, entry.ProxyPort == 0 ? "NONE" : $"{entry.ProxyPort}", "disabled", $"{entry.Bytes}", $"{entry.Packets}", entry.Prefix < 0 ? "0" : $"{entry.Prefix}",
            ]);
            foreach (var peer in peers.Skip(1).Concat(more > 0 && !numeric && entry.Identities.Count > 0 ? [$"and {more} more"] : []))
            {
                table.Row(["", "", peer, "", "", "", "", "", ""]);
            }
        }

        table.Flush();
    }

    private static IReadOnlyList<(uint Id, uint Subject)> Endpoints(NodeMaps maps, string? which, bool all)
    {
        using var map = maps.Open("endpoints_by_ifindex").As<uint, EndpointInfo>();
        var known = map.Entries().Select(row => (row.Value.EndpointId, row.Value.PolicySubject)).OrderBy(row => row.EndpointId).ToList();
        using (var byAddress = maps.Open("endpoints").As<EndpointKey, EndpointInfo>())
        {
            var host = byAddress.Entries().FirstOrDefault(row => (row.Value.Flags & (uint)EndpointFlags.Host) != 0).Value;
            known.Insert(0, (0, host.PolicySubject));
        }

        if (all)
        {
            return known;
        }

        if (which is null)
        {
            throw CliException.Usage("which endpoint?", "Name its id, or use --all. Id 0 is the node itself.");
        }

        return uint.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && known.Any(row => row.Item1 == id)
            ? [known.First(row => row.Item1 == id)]
            : throw new CliException($"there is no endpoint {which} on this node", "\"cilium endpoint list\" shows them.");
    }

    /// <summary>Labels by number, as far as an agent can be asked.</summary>
    private static async Task<Dictionary<long, string>> NamesAsync(Call call, CancellationToken cancellation)
    {
        try
        {
            return (await NodeTables.ReadAsync(call.Environment, "identities", cancellation).ConfigureAwait(false)).ToDictionary(row => row.Number("id"), row => string.Join(' ', row.Texts("labels")));
        }
        catch (CliException)
        {
            return []; // the maps work without an agent; numbers will do
        }
    }
}
