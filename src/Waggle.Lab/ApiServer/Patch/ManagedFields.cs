using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>metadata.managedFields: which manager set which field.</summary>
internal static class ManagedFields
{
    /// <summary>True when two trees differ in nothing but resourceVersion and managedFields.</summary>
    public static bool SameContent(JsonObject old, JsonObject next)
    {
        if (old.Count != next.Count)
        {
            return false;
        }
        foreach (var (name, value) in next)
        {
            if (name == "metadata")
            {
                var a = (JsonObject)value!;
                var b = (JsonObject)old["metadata"]!;
                var names = a.Select(p => p.Key).Union(b.Select(p => p.Key)).Where(k => k is not ("resourceVersion" or "managedFields"));
                if (names.Any(k => !JsonNode.DeepEquals(a[k], b[k])))
                {
                    return false;
                }
            }
            else if (!old.TryGetPropertyValue(name, out var other) || !JsonNode.DeepEquals(value, other))
            {
                return false;
            }
        }
        return true;
    }

    public static void AfterWrite(JsonObject? old, JsonObject next, ResourceDefinition resource, WriteContext context, TimeProvider time) { }
}
