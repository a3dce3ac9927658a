using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>Another node has members of a group.</summary>
/// <param name="Sources">The only sources they want, sorted, with spaces between; empty: any source.</param>
public sealed record InterestRow(string Node, GroupKey Group, string GroupText, string Sources);

/// <summary>Table <c>multicast-interest</c>.</summary>
public sealed class InterestTable(StateDb db) : Table<(string, GroupKey), InterestRow>(
    db, "multicast-interest", r => (r.Node, r.Group), [new("Node", r => r.Node), new("Group", r => r.GroupText), new("Sources", r => r.Sources)],
    r => new JsonObject { ["node"] = r.Node, ["group"] = r.GroupText, ["sources"] = r.Sources });

/// <summary>A copy that this node sends to another: the other node's slot is a member of the group here.</summary>
/// <param name="Sources">As in <see cref="InterestRow"/>.</param>
public sealed record RemoteJoinRow(GroupKey Group, string GroupText, int Slot, string Node, string Sources);

/// <summary>Table <c>multicast-remote</c>: interest of other nodes, of those groups and nodes that are known here.</summary>
public sealed class RemoteJoinTable(StateDb db) : Table<(GroupKey, int), RemoteJoinRow>(
    db, "multicast-remote", r => (r.Group, r.Slot), [new("Group", r => r.GroupText), new("Node", r => r.Node), new("Slot", r => $"{r.Slot}"), new("Sources", r => r.Sources)],
    r => new JsonObject { ["group"] = r.GroupText, ["node"] = r.Node, ["slot"] = r.Slot, ["sources"] = r.Sources });
