using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>JSON Merge Patch (RFC 7396).</summary>
internal static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return J.Clone(patch);
        }
        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                result.Remove(name);
                continue;
            }
            var old = result[name];
            var merged = Apply(old, value);
            if (!ReferenceEquals(merged, old))
            {
                result[name] = merged;
            }
        }
        return result;
    }
}
