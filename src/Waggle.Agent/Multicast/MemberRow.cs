using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>A member of a group as the datapath has it: a pod of this node, or another node.</summary>
/// <param name="Kind"><c>local</c> or <c>remote</c>.</param>
/// <param name="Name">Namespace and name of the pod, or the node's name.</param>
/// <param name="Protocol">What it spoke; <see cref="MembershipCompat.Static"/> when made by user space.</param>
/// <param name="Sources">Sources it wants (include) or does not want (exclude), sorted.</param>
public sealed record MemberRow(
    GroupKey Group, string GroupText, uint Slot, string Kind, string Name, string Address, MembershipCompat Protocol, FilterMode Filter, IReadOnlyList<string> Sources, bool Leaving)
{
    public bool IsLocal => Kind == "local";

    public bool Equals(MemberRow? other) =>
        other is not null && (Group, Slot, Kind, Name, Address, Protocol, Filter, Leaving) == (other.Group, other.Slot, other.Kind, other.Name, other.Address, other.Protocol, other.Filter, other.Leaving)
        && Sources.SequenceEqual(other.Sources);

    public override int GetHashCode() => HashCode.Combine(Group, Slot);
}

/// <summary>Key of a member.</summary>
public readonly record struct MemberKey(GroupKey Group, uint Slot) : IComparable<MemberKey>
{
    public int CompareTo(MemberKey other) => (Group, Slot).CompareTo((other.Group, other.Slot));
}

/// <summary>Table <c>multicast-members</c>.</summary>
public sealed class MemberTable(StateDb db) : Table<MemberKey, MemberRow>(db, "multicast-members", r => new MemberKey(r.Group, r.Slot),
[
    new("Group", r => r.GroupText), new("Kind", r => r.Kind), new("Member", r => r.Name), new("Address", r => r.Address), new("Protocol", r => r.Protocol.ToString()),
    new("Filter", r => r.Sources.Count == 0 && r.Filter == FilterMode.Exclude ? "any source" : $"{r.Filter} {string.Join(", ", r.Sources)}"), new("Slot", r => $"{r.Slot}"),
],
r => new JsonObject
{
    ["group"] = r.GroupText, ["kind"] = r.Kind, ["member"] = r.Name, ["address"] = r.Address, ["protocol"] = r.Protocol.ToString(), ["filter"] = r.Filter.ToString().ToLowerInvariant(),
    ["sources"] = new JsonArray([.. r.Sources.Select(s => (JsonNode)s)]), ["leaving"] = r.Leaving, ["slot"] = r.Slot,
});
