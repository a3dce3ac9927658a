using System.Net;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Bpf.Multicast;

internal static class GroupListCommand
{
    private static readonly Listing<IPAddress> Configured = new()
    {
        Columns = [new("Group Address", group => group.ToString())],
        Json = group => new JsonObject { ["group_address"] = group.ToString() },
    };

    private static readonly Listing<UnconfiguredGroup> Unconfigured = new()
    {
        Columns =
        [
            new("Group Address", row => row.Group.ToString()), new("Packets", row => $"{row.Packets}"), new("Bytes", row => $"{row.Bytes}"), new("Reports", row => $"{row.Reports}"),
            new("Endpoint", row => row.Endpoint == 0 ? "-" : $"{row.Endpoint}"),
        ],
        Json = row => new JsonObject { ["group_address"] = row.Group.ToString(), ["packets"] = row.Packets, ["bytes"] = row.Bytes, ["reports"] = row.Reports, ["endpoint"] = row.Endpoint },
    };

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        var unconfigured = new Flag<bool>("--unconfigured", "the groups that pods use but nobody configured, with what they sent and asked for");
        return new Verb("list", "List the multicast groups")
        {
            Aliases = ["ls"],
            Flags = [unconfigured, .. output.All],
            Examples = [new($"{tool} bpf multicast group list", "the groups that this node forwards"), new($"{tool} bpf multicast group list --unconfigured", "what is missing")],
            Run = (call, _) =>
            {
                using var maps = new MulticastMaps(call.Environment);
                if (call.Get(unconfigured))
                {
                    Unconfigured.Print(call.Terminal, output.Read(call), maps.Unconfigured());
                }
                else
                {
                    PrintGroups(call.Terminal, output.Read(call), maps.Groups());
                }

                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    internal static void PrintGroups(Terminal terminal, OutputRequest request, IReadOnlyList<IPAddress> groups) => Configured.Print(terminal, request, groups);
}
