using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Nodes;

/// <summary>A node of the cluster as its CiliumNode describes it.</summary>
/// <param name="Slot">Index in the multicast slot map; −1 for this node.</param>
public sealed record NodeRow(
    string Name, bool IsLocal, IPAddress? Ipv4, IPAddress? Ipv6, IPAddress? Router4, IPAddress? Router6, IReadOnlyList<IPNetwork> PodPrefixes, int Slot)
{
    /// <summary>Its labels as <c>key=value</c>, sorted; empty for this node, which has them from its Node object.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Address to which tunnels go.</summary>
    public IPAddress? TunnelAddress => Ipv4 ?? Ipv6;

    public bool Equals(NodeRow? other) =>
        other is not null && (Name, IsLocal, Slot) == (other.Name, other.IsLocal, other.Slot) && Equals(Ipv4, other.Ipv4) && Equals(Ipv6, other.Ipv6)
        && Equals(Router4, other.Router4) && Equals(Router6, other.Router6) && PodPrefixes.SequenceEqual(other.PodPrefixes) && Labels.SequenceEqual(other.Labels);

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Table <c>nodes</c>.</summary>
public sealed class NodeTable : Table<string, NodeRow>
{
    public NodeTable(StateDb db)
        : base(db, "nodes", r => r.Name,
        [
            new("Name", r => r.Name),
            new("Local", r => r.IsLocal ? "true" : "false"),
            new("Addresses", r => Join(r.Ipv4, r.Ipv6)),
            new("Router", r => Join(r.Router4, r.Router6)),
            new("PodPrefixes", r => string.Join(", ", r.PodPrefixes)),
            new("Slot", r => r.Slot < 0 ? "" : $"{r.Slot}"),
        ],
        Json)
    {
        BySlot = AddIndex("slot", r => r.Slot);
    }

    public TableIndex<string, NodeRow, int> BySlot { get; }

    private static JsonNode Json(NodeRow r) => new JsonObject
    {
        ["name"] = r.Name, ["local"] = r.IsLocal, ["ipv4"] = r.Ipv4?.ToString(), ["ipv6"] = r.Ipv6?.ToString(), ["routerIPv4"] = r.Router4?.ToString(), ["routerIPv6"] = r.Router6?.ToString(),
        ["podPrefixes"] = new JsonArray([.. r.PodPrefixes.Select(p => (JsonNode)p.ToString())]), ["slot"] = r.Slot,
        ["labels"] = new JsonArray([.. r.Labels.Select(l => (JsonNode)l)]),
    };

    private static string Join(params IPAddress?[] addresses) => string.Join(", ", addresses.Where(a => a is not null).OrderBy(a => a!.AddressFamily == AddressFamily.InterNetworkV6));
}
