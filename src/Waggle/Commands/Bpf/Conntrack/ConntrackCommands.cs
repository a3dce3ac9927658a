using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Conntrack;

/// <summary><c>bpf ct list</c> and <c>bpf ct flush</c>: the connections that this node tracks.</summary>
internal static class ConntrackCommands
{
    private static readonly Listing<ConntrackRow> Listing = new()
    {
        Columns = [new("CONNECTION", row => row.Line)], Json = row => row.ToJson(), WhenEmpty = "No connections",
    };

    public static Verb Create(string tool) => new("ct", "Tracked connections") { Children = () => [List(tool), Flush(tool)] };

    private static Verb List(string tool)
    {
        var output = new OutputFlags();
        var scope = Operand.Optional("scope", "global: all of this node (there is no other)");
        var expired = new Flag<bool>("--expired", "also rows whose time is over; they make room when it is needed");
        return new Verb("list", "List tracked connections")
        {
            Aliases = ["ls"],
            Operands = [scope],
            Flags = [expired, .. output.All],
            Examples = [new($"{tool} bpf ct list global", "who talks to whom through this node"), new($"{tool} bpf ct list global -o json", "for a script")],
            Run = (call, _) =>
            {
                RequireGlobal(call.Get(scope));
                using var map = new NodeMaps(call.Environment).Open("conntrack").As<ConntrackKey, ConntrackEntry>();
                var now = System.Diagnostics.Stopwatch.GetTimestamp() / System.Diagnostics.Stopwatch.Frequency;
                var rows = map.Entries().Select(row => ConntrackRow.Of(row.Key, row.Value, now)).Where(row => row.Remaining > 0 || call.Get(expired))
                    .OrderBy(row => row.Protocol).ThenBy(row => row.Source.ToString(), StringComparer.Ordinal).ThenBy(row => row.Destination.ToString(), StringComparer.Ordinal).ToList();
                var request = output.Read(call);
                if (request.Structured)
                {
                    Listing.Print(call.Terminal, request, rows);
                }
                else
                {
                    rows.ForEach(row => call.Terminal.Out.Write(row.Line + "\n"));
                }

                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static Verb Flush(string tool)
    {
        var scope = Operand.Optional("scope", "global: all of this node (there is no other)");
        return new Verb("flush", "Forget all tracked connections")
        {
            Operands = [scope],
            Details = "Connections that policy allows go on: their next packet is judged like a new one's. Replies that only pass because the other side asked first are lost until it asks again.",
            Examples = [new($"{tool} bpf ct flush global", "start from nothing")],
            Run = (call, _) =>
            {
                RequireGlobal(call.Get(scope));
                using var map = new NodeMaps(call.Environment).Open("conntrack").As<ConntrackKey, ConntrackEntry>();
                var removed = map.Keys().ToList().Count(key => map.Delete(key));
                call.Terminal.Note($"{removed} connections forgotten");
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static void RequireGlobal(string? scope)
    {
        if (scope is not (null or "global"))
        {
            throw CliException.Usage($"there is no table of connections \"{scope}\"", "All connections of a node are in one: global.");
        }
    }
}
