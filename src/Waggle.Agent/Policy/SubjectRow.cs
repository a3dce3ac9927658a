using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>A row of map <c>policy_subjects</c>: one compiled policy and who has it.</summary>
/// <param name="Ingress">Something is enforced for what comes in.</param>
/// <param name="Revision">Of the policies it was compiled from.</param>
/// <param name="Endpoints">Endpoints of this node that have it.</param>
/// <param name="Problem">Why the kernel holds an older policy than it should; empty when it does not.</param>
public sealed record PolicySubjectRow(
    uint Number, SubjectKey Key, IReadOnlyList<string> Labels, bool Ingress, bool Egress, uint IngressTable, uint EgressTable, long Revision, int Endpoints, string Problem)
{
    public bool Equals(PolicySubjectRow? other) => other is not null && Labels.SequenceEqual(other.Labels)
        && (Number, Key, Ingress, Egress, IngressTable, EgressTable, Revision, Endpoints) == (other.Number, other.Key, other.Ingress, other.Egress, other.IngressTable, other.EgressTable, other.Revision, other.Endpoints)
        && Problem == other.Problem;

    public override int GetHashCode() => (int)Number;
}

/// <summary>Table <c>policy-subjects</c>.</summary>
public sealed class PolicySubjectTable(StateDb db) : Table<uint, PolicySubjectRow>(
    db, "policy-subjects", r => r.Number,
    [
        new("Subject", r => $"{r.Number}"), new("Identity", r => $"{r.Key.Identity}"), new("Ports", r => r.Key.Ports), new("Ingress", r => Text(r.Ingress, r.Key.Audit)), new("Egress", r => Text(r.Egress, r.Key.Audit)),
        new("Tables", r => $"{r.IngressTable}/{r.EgressTable}"), new("Revision", r => $"{r.Revision}"), new("Endpoints", r => $"{r.Endpoints}"), new("Problem", r => r.Problem),
    ],
    r => new JsonObject
    {
        ["subject"] = r.Number, ["identity"] = r.Key.Identity, ["ports"] = r.Key.Ports, ["audit"] = r.Key.Audit, ["labels"] = new JsonArray([.. r.Labels.Select(l => (JsonNode)l)]), ["ingress"] = r.Ingress,
        ["egress"] = r.Egress, ["ingressTable"] = r.IngressTable, ["egressTable"] = r.EgressTable, ["revision"] = r.Revision, ["endpoints"] = r.Endpoints, ["problem"] = r.Problem,
    })
{
    private static string Text(bool on, bool audit) => on ? audit ? "audit" : "enforced" : "off";
}
