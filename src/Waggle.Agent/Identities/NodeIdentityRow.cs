using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>Which identity another node has.</summary>
public sealed record NodeIdentityRow(string Node, uint Identity);

/// <summary>Table <c>node-identities</c>; empty unless <c>enable-node-selector-labels</c> is set.</summary>
public sealed class NodeIdentityTable(StateDb db) : Table<string, NodeIdentityRow>(db, "node-identities", r => r.Node, [new("Node", r => r.Node), new("Identity", r => $"{r.Identity}")]);
