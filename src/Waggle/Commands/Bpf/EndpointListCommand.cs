using System.Net;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Bpf.Multicast;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf;

internal static class EndpointListCommand
{
    private static readonly Listing<(IPAddress Address, EndpointInfo Info)> Listing = new()
    {
        Columns = [new("IP ADDRESS", row => $"{row.Address}:0"), new("LOCAL ENDPOINT INFO", row => Describe(row.Info))],
        Json = row => new JsonObject
        {
            ["address"] = row.Address.ToString(), ["id"] = row.Info.EndpointId, ["identity"] = row.Info.Identity, ["ifindex"] = row.Info.Ifindex, ["slot"] = row.Info.Slot,
            ["mac"] = Mac(row.Info.PodMac), ["nodeMac"] = Mac(row.Info.HostMac), ["flags"] = row.Info.Flags, ["host"] = IsHost(row.Info),
        },
        Name = row => row.Address.ToString(),
    };

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        return new Verb("list", "List the local endpoints")
        {
            Aliases = ["ls"],
            Flags = output.All,
            Examples = [new($"{tool} bpf endpoint list", "who lives on this node, as the kernel sees it")],
            Run = (call, _) =>
            {
                using var map = new NodeMaps(call.Environment).Open("endpoints").As<EndpointKey, EndpointInfo>();
                var rows = map.Entries().Select(row => (row.Key.Address.ToIPAddress()!, row.Value)).OrderBy(row => row.Item1, AddressOrder.Instance).ToList();
                Listing.Print(call.Terminal, output.Read(call), rows);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    internal static string Describe(EndpointInfo info) => IsHost(info)
        ? "(localhost)"
        : $"id={info.EndpointId,-5} sec_id={info.Identity,-5} flags=0x{info.Flags:X4} ifindex={info.Ifindex,-3} mac={Mac(info.PodMac)} nodemac={Mac(info.HostMac)}";

    private static bool IsHost(EndpointInfo info) => (info.Flags & (uint)EndpointFlags.Host) != 0;

    private static string Mac(ReadOnlySpan<byte> bytes) => string.Join(':', bytes.ToArray().Select(each => each.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));
}
