using System.Net;
using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>A group that resources ask for.</summary>
/// <param name="Resources">Who asks for it, sorted; each group is served once, however many do.</param>
public sealed record GroupRow(IPAddress Group, IReadOnlyList<string> Resources)
{
    public bool Equals(GroupRow? other) => other is not null && Group.Equals(other.Group) && Resources.SequenceEqual(other.Resources);

    public override int GetHashCode() => Group.GetHashCode();
}

/// <summary>Order of groups: IPv4 before IPv6, as numbers.</summary>
public readonly record struct GroupKey(ulong High, ulong Low) : IComparable<GroupKey>
{
    public static GroupKey Of(IPAddress group) => Of(Address.From(group));

    public static GroupKey Of(Address group) => new(group.High, group.Low);

    public int CompareTo(GroupKey other) => (High, Low).CompareTo((other.High, other.Low));
}

/// <summary>Table <c>multicast-groups</c>.</summary>
public sealed class GroupTable(StateDb db) : Table<GroupKey, GroupRow>(
    db, "multicast-groups", r => GroupKey.Of(r.Group), [new("Group", r => r.Group.ToString()), new("Resources", r => string.Join(", ", r.Resources))],
    r => new JsonObject { ["group"] = r.Group.ToString(), ["resources"] = new JsonArray([.. r.Resources.Select(o => (JsonNode)o)]) });
