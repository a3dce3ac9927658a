using System.Text.Json.Nodes;

namespace Waggle.Operator.Crds;

/// <summary>Compares what we wrote with what the server holds, which adds defaults.</summary>
internal static class JsonSubset
{
    /// <summary>True when <paramref name="whole"/> has everything of <paramref name="part"/>; lists must have equal lengths.</summary>
    public static bool Contains(JsonNode? whole, JsonNode? part) => (whole, part) switch
    {
        (_, null) => true,
        (JsonObject w, JsonObject p) => p.All(member => Contains(w[member.Key], member.Value)),
        (JsonArray w, JsonArray p) => w.Count == p.Count && w.Zip(p).All(pair => Contains(pair.First, pair.Second)),
        // An absent flag is false, an absent number 0 (priority of a printer column).
        (null, JsonValue p) => p.TryGetValue(out bool flag) && !flag || p.TryGetValue(out int number) && number == 0,
        _ => JsonNode.DeepEquals(whole, part),
    };
}
