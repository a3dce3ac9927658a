using System.Text.Json.Nodes;
using Waggle.Policy.Rules;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>A policy as a source gave it.</summary>
/// <param name="Parsed">What was read; with errors it is not in force.</param>
/// <param name="Source"><c>k8s</c> (the API) or <c>directory</c> (files below <c>static-cnp-path</c>).</param>
/// <param name="Text">Its rules as JSON, for people.</param>
/// <param name="ConfirmUntil">When it is taken back unless somebody confirms it; null: not on probation.</param>
public sealed record PolicyRow(ParsedPolicy Parsed, string Source, string Text, DateTimeOffset? ConfirmUntil = null)
{
    /// <summary>Kind, namespace and name, as in <c>CiliumNetworkPolicy default/web</c>.</summary>
    public string Key => Parsed.Key.ToString();

    // Equal text means equal rules; comparing parsed rules would mean comparing trees.
    public bool Equals(PolicyRow? other) => other is not null && (Key, Source, Text, ConfirmUntil, Parsed.Generation, Parsed.Uid, Parsed.IsOnTrial)
        == (other.Key, other.Source, other.Text, other.ConfirmUntil, other.Parsed.Generation, other.Parsed.Uid, other.Parsed.IsOnTrial);

    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Table <c>policies</c>: what this node is to enforce.</summary>
public sealed class PolicyTable(StateDb db) : Table<string, PolicyRow>(
    db, "policies", r => r.Key,
    [
        new("Policy", r => r.Key), new("Source", r => r.Source), new("Valid", r => r.Parsed.IsValid ? "true" : "false"), new("Mode", r => r.Parsed.IsOnTrial ? "audit" : "enforce"),
        new("Problems", r => string.Join("; ", r.Parsed.Errors.Concat(r.Parsed.Warnings))),
    ],
    Json)
{
    private static JsonNode Json(PolicyRow r) => new JsonObject
    {
        ["policy"] = r.Key, ["kind"] = r.Parsed.Key.Kind.ToString(), ["namespace"] = r.Parsed.Key.Namespace, ["name"] = r.Parsed.Key.Name, ["uid"] = r.Parsed.Uid, ["generation"] = r.Parsed.Generation,
        ["source"] = r.Source, ["valid"] = r.Parsed.IsValid, ["mode"] = r.Parsed.IsOnTrial ? "audit" : "enforce", ["confirmUntil"] = r.ConfirmUntil?.ToString("O"),
        ["errors"] = Problems(r.Parsed.Errors), ["warnings"] = Problems(r.Parsed.Warnings), ["rules"] = JsonNode.Parse(r.Text),
    };

    private static JsonArray Problems(IEnumerable<PolicyProblem> all) => [.. all.Select(p => (JsonNode)new JsonObject { ["field"] = p.Path, ["message"] = p.Message })];
}
