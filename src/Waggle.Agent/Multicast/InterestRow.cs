using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>Another node has members of a group.</summary>
public sealed record InterestRow(string Node, GroupKey Group, string GroupText);

/// <summary>Table <c>multicast-interest</c>.</summary>
public sealed class InterestTable(StateDb db) : Table<(string, GroupKey), InterestRow>(
    db, "multicast-interest", r => (r.Node, r.Group), [new("Node", r => r.Node), new("Group", r => r.GroupText)], r => new JsonObject { ["node"] = r.Node, ["group"] = r.GroupText });

/// <summary>A copy that this node sends to another: the other node's slot is a member of the group here.</summary>
public sealed record RemoteJoinRow(GroupKey Group, string GroupText, int Slot, string Node);

/// <summary>Table <c>multicast-remote</c>: interest of other nodes, of those groups and nodes that are known here.</summary>
public sealed class RemoteJoinTable(StateDb db) : Table<(GroupKey, int), RemoteJoinRow>(
    db, "multicast-remote", r => (r.Group, r.Slot), [new("Group", r => r.GroupText), new("Node", r => r.Node), new("Slot", r => $"{r.Slot}")],
    r => new JsonObject { ["group"] = r.GroupText, ["node"] = r.Node, ["slot"] = r.Slot });
