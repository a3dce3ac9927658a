using System.Net;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Bpf.Multicast;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf;

internal static class IpcacheListCommand
{
    /// <param name="Length">Prefix length in the address's own family.</param>
    internal sealed record Row(uint Cluster, IPAddress Address, int Length, IpcacheEntry Entry)
    {
        public string Prefix => $"{Address}/{Length}{(Cluster == 0 ? "" : $"@{Cluster}")}";
    }

    private static readonly Listing<Row> Listing = new()
    {
        Columns =
        [
            new("IP PREFIX/ADDRESS", row => row.Prefix),
            new("IDENTITY", row => $"identity={row.Entry.Identity} encryptkey=0 tunnelendpoint={Tunnel(row)}, flags={Flags(row.Entry)}"),
        ],
        Json = row => new JsonObject
        {
            ["prefix"] = row.Prefix, ["cluster"] = row.Cluster, ["identity"] = row.Entry.Identity, ["tunnelEndpoint"] = row.Entry.TunnelEndpoint.ToIPAddress()?.ToString(), ["flags"] = Flags(row.Entry),
        },
        Name = row => row.Prefix,
    };

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        return new Verb("list", "List addresses with their identity and node")
        {
            Aliases = ["ls"],
            Flags = output.All,
            Examples = [new($"{tool} bpf ipcache list", "which identity and node each address has")],
            Run = (call, _) =>
            {
                var maps = new NodeMaps(call.Environment);
                using var exact = maps.Open("ipcache").As<IpcacheKey, IpcacheEntry>();
                using var prefixes = maps.Open("ipcache_prefixes").As<IpcachePrefixKey, IpcacheEntry>();
                var rows = exact.Entries().Select(row => Exact(row.Key, row.Value))
                    .Concat(prefixes.Entries().Select(row => Prefix(row.Key, row.Value)))
                    .OrderBy(row => row.Cluster).ThenBy(row => row.Address, AddressOrder.Instance).ThenBy(row => row.Length).ToList();
                Listing.Print(call.Terminal, output.Read(call), rows);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    internal static Row Exact(IpcacheKey key, IpcacheEntry entry)
    {
        var address = key.Address.ToIPAddress() ?? IPAddress.IPv6Any;
        return new Row(key.ClusterId, address, address.GetAddressBytes().Length * 8, entry);
    }

    internal static Row Prefix(IpcachePrefixKey key, IpcacheEntry entry)
    {
        // 32 bits of cluster id come first; an IPv4 prefix has the 96 bits of ::ffff:0:0/96 before its own. A shorter one is IPv6.
        var bits = (int)key.PrefixLength - 32;
        var none = key.Address.ToIPAddress() ?? IPAddress.IPv6Any;
        return key.Address.IsIPv4 && bits >= 96 ? new Row(key.ClusterId, none, bits - 96, entry) : new Row(key.ClusterId, none, Math.Max(0, bits), entry);
    }

    private static string Tunnel(Row row) =>
        row.Entry.TunnelEndpoint.ToIPAddress()?.ToString() ?? (row.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "0.0.0.0" : "::");

    private static string Flags(IpcacheEntry entry)
    {
        var names = new List<string>();
        if ((entry.Flags & (uint)IpcacheFlags.Node) != 0)
        {
            names.Add("node");
        }

        if ((entry.Flags & (uint)IpcacheFlags.SkipTunnel) != 0)
        {
            names.Add("skiptunnel");
        }

        return names.Count == 0 ? "<none>" : string.Join('|', names);
    }
}
