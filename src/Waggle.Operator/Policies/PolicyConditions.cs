using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Kube.Resources;
using Waggle.Policy.Rules;

namespace Waggle.Operator.Policies;

/// <summary>What the status of a policy object is to say.</summary>
internal static class PolicyConditions
{
    private const int LongestMessage = 4096;

    /// <summary>The conditions of a policy, and how many endpoints the nodes say it selects.</summary>
    /// <param name="tellsNodesApart">The configuration has <c>enable-node-selector-labels</c>.</param>
    public static (IReadOnlyList<Condition> Conditions, long Endpoints) Of(PolicyKind kind, JsonObject policy, bool tellsNodesApart, DateTimeOffset now)
    {
        using JsonDocument document = JsonDocument.Parse(policy.ToJsonString());
        ParsedPolicy parsed = PolicyParser.Parse(kind, document.RootElement);
        string problems = string.Join("; ", parsed.Errors), warnings = string.Join("; ", parsed.Warnings);
        var conditions = new List<Condition>
        {
            new() { Type = "Valid", Status = parsed.IsValid ? "True" : "False", Reason = parsed.IsValid ? "Valid" : "Invalid", Message = parsed.IsValid ? "Policy validation succeeded" : Cut(problems) },
        };
        if (warnings.Length > 0)
        {
            conditions.Add(new Condition { Type = "FailsClosed", Status = "True", Reason = "NotImplemented", Message = Cut(warnings) });
        }

        if (parsed.UsesNodes && !tellsNodesApart)
        {
            conditions.Add(new Condition { Type = "NodesToldApart", Status = "False", Reason = "Disabled", Message = NodeSelectorNote.Problem.Message });
        }

        long endpoints = 0;
        string failing = "";
        foreach ((string node, JsonNode? entry) in policy["status"]?["nodes"] as JsonObject ?? [])
        {
            endpoints += entry?["selectedEndpoints"] is JsonValue count && count.TryGetValue(out long number) ? number : 0;
            if (failing.Length == 0 && entry?["error"] is JsonValue error && error.TryGetValue(out string? text))
            {
                failing = $"node {node}: {text}";
            }
        }

        if (failing.Length > 0 && parsed.IsValid)
        {
            conditions.Add(new Condition { Type = "Realized", Status = "False", Reason = "NotInForce", Message = Cut(failing) });
        }

        Condition[] present = ConditionsOf(policy);
        return ([.. conditions.Select(c => c with
        {
            ObservedGeneration = parsed.Generation,
            LastTransitionTime = present.FirstOrDefault(p => p.Type == c.Type && p.Status == c.Status)?.LastTransitionTime ?? now,
        })], endpoints);
    }

    /// <summary>True when the object says this already.</summary>
    public static bool Says(JsonObject policy, IReadOnlyList<Condition> wanted, long endpoints)
    {
        Condition[] present = ConditionsOf(policy);
        return present.Length == wanted.Count && wanted.All(w => present.Any(p => (p.Type, p.Status, p.Reason, p.Message, p.ObservedGeneration) == (w.Type, w.Status, w.Reason, w.Message, w.ObservedGeneration)))
            && (policy["status"]?["selectedEndpoints"] is JsonValue count && count.TryGetValue(out long number) ? number : 0) == endpoints;
    }

    private static Condition[] ConditionsOf(JsonObject policy) =>
        policy["status"]?["conditions"] is JsonArray list ? [.. list.OfType<JsonObject>().Select(Kube.Json.KubeJson.FromJson<Condition>)] : [];

    private static string Cut(string text) => text.Length <= LongestMessage ? text : text[..(LongestMessage - 1)] + "…";
}
