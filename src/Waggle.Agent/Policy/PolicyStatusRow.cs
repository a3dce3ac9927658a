using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>How a policy stands on this node.</summary>
/// <param name="Endpoints">Endpoints of this node that it selects (the node itself counts).</param>
/// <param name="Revision">Revision since which it is in force as it is now; 0: not yet, or not valid.</param>
/// <param name="Problem">Why it is not in force as it should be; empty when it is.</param>
public sealed record PolicyStatusRow(string Policy, string Uid, long Generation, int Endpoints, long Revision, string Problem);

/// <summary>Table <c>policy-status</c>.</summary>
public sealed class PolicyStatusTable(StateDb db) : Table<string, PolicyStatusRow>(
    db, "policy-status", r => r.Policy,
    [new("Policy", r => r.Policy), new("Generation", r => $"{r.Generation}"), new("Endpoints", r => $"{r.Endpoints}"), new("Revision", r => $"{r.Revision}"), new("Problem", r => r.Problem)],
    r => new JsonObject { ["policy"] = r.Policy, ["generation"] = r.Generation, ["endpoints"] = r.Endpoints, ["revision"] = r.Revision, ["problem"] = r.Problem });
