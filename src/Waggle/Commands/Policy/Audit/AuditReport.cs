using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Policy.Audit;

/// <summary>What the agents of some nodes saw, put together.</summary>
internal sealed class AuditReport
{
    private readonly List<JsonObject> _nodes = [];
    private readonly SortedDictionary<string, string> _policies = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _endpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _entries = new(StringComparer.Ordinal);

    /// <summary>Policies that are meant, with their mode.</summary>
    public IReadOnlyDictionary<string, string> Policies => _policies;

    /// <summary>Pods in audit mode.</summary>
    public IReadOnlyCollection<string> Endpoints => _endpoints;

    /// <summary>Events that were not written and pairs that were forgotten.</summary>
    public long Lost { get; private set; }

    /// <summary>When the youngest of the agents began to count.</summary>
    public string? Since { get; private set; }

    public IReadOnlyList<JsonObject> Entries =>
    [
        .. _entries.Values.OrderBy(e => e.Text("source"), StringComparer.Ordinal).ThenBy(e => e.Text("destination"), StringComparer.Ordinal).ThenBy(e => e.Number("protocol")).ThenBy(e => e.Number("port")),
    ];

    /// <summary>Adds an agent's answer; the sender's node tells of egress and the receiver's of ingress, so nothing is counted twice.</summary>
    public void Add(JsonObject answer)
    {
        _nodes.Add(new JsonObject { ["node"] = answer.Text("node"), ["since"] = answer.Text("since"), ["lostEvents"] = answer.Number("lostEvents"), ["forgottenPairs"] = answer.Number("forgottenPairs") });
        Lost += answer.Number("lostEvents") + answer.Number("forgottenPairs");
        Since = string.CompareOrdinal(answer.Text("since"), Since) > 0 ? answer.Text("since") : Since;
        foreach (JsonObject policy in (answer["policies"] as JsonArray ?? []).OfType<JsonObject>())
        {
            _policies[policy.Text("policy") ?? ""] = policy.Text("mode") ?? "";
        }

        _endpoints.UnionWith(answer.Texts("endpoints"));
        foreach (JsonObject entry in (answer["entries"] as JsonArray ?? []).OfType<JsonObject>())
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"{entry.Text("mode")} {entry.Text("would")} {entry.Text("direction")} {entry.Number("protocol")} {entry.Number("port")} {entry["rule"]?.ToJsonString()} {entry.Text("source")} {entry.Text("destination")}");
            if (!_entries.TryGetValue(key, out JsonObject? known))
            {
                _entries[key] = entry.DeepClone().AsObject();
                continue;
            }

            known["count"] = known.Number("count") + entry.Number("count");
            known["firstSeen"] = string.CompareOrdinal(known.Text("firstSeen"), entry.Text("firstSeen")) < 0 ? known.Text("firstSeen") : entry.Text("firstSeen");
            if (string.CompareOrdinal(known.Text("lastSeen"), entry.Text("lastSeen")) < 0)
            {
                (known["lastSeen"], known["example"]) = (entry.Text("lastSeen"), entry.Text("example"));
            }
        }
    }

    /// <summary>A node whose agent gave no answer.</summary>
    public void AddSilent(string node, string error) => _nodes.Add(new JsonObject { ["node"] = node, ["error"] = error });

    /// <summary>Only what concerns these ends.</summary>
    public void Keep(Func<JsonObject, bool> wanted)
    {
        foreach (string key in _entries.Where(e => !wanted(e.Value)).Select(e => e.Key).ToArray())
        {
            _entries.Remove(key);
        }
    }

    public JsonObject Json() => new()
    {
        ["nodes"] = new JsonArray([.. _nodes.Select(n => (JsonNode)n.DeepClone())]),
        ["policies"] = new JsonArray([.. _policies.Select(p => (JsonNode)new JsonObject { ["policy"] = p.Key, ["mode"] = p.Value })]),
        ["endpoints"] = new JsonArray([.. _endpoints.Select(e => (JsonNode)e)]),
        ["entries"] = new JsonArray([.. Entries.Select(e => (JsonNode)e.DeepClone())]),
    };
}
