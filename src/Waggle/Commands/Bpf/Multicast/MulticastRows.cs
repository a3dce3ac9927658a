using System.Net;
using System.Text.Json.Nodes;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary>One member of a group as this node sees it.</summary>
/// <param name="Address">The pod's address, or the underlay address of the node that has members.</param>
/// <param name="Interface">Interface index the copies go to.</param>
/// <param name="Remote">Another node.</param>
internal sealed record Subscriber(IPAddress Address, uint Interface, bool Remote)
{
    public string Type => Remote ? "Remote Node" : "Local Endpoint";

    /// <summary>The field names are those that scripts for Cilium read.</summary>
    public JsonObject ToJson() => new() { ["SAddr"] = Address.ToString(), ["Ifindex"] = Interface, ["IsRemote"] = Remote };
}

/// <param name="Members">Sorted by address.</param>
internal sealed record GroupMembers(IPAddress Group, IReadOnlyList<Subscriber> Members)
{
    public JsonObject ToJson() => new() { ["group_address"] = Group.ToString(), ["subscribers"] = new JsonArray([.. Members.Select(member => (JsonNode)member.ToJson())]) };
}

/// <summary>A group that pods use but nobody configured.</summary>
/// <param name="Endpoint">The last local endpoint that used it.</param>
internal sealed record UnconfiguredGroup(IPAddress Group, ulong Packets, ulong Bytes, ulong Reports, uint Endpoint);

/// <summary>Addresses in the order of their bytes, IPv4 first.</summary>
internal sealed class AddressOrder : IComparer<IPAddress>
{
    public static readonly AddressOrder Instance = new();

    public int Compare(IPAddress? left, IPAddress? right)
    {
        var (a, b) = (left!.GetAddressBytes(), right!.GetAddressBytes());
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.AsSpan().SequenceCompareTo(b);
    }
}
