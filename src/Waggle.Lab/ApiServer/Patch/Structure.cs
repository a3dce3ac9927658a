using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

internal enum StructureKind
{
    /// <summary>A scalar, an atomic map or list, null: owned as a whole.</summary>
    Leaf,
    Map,
    MapList,
    Set,
}

/// <summary>How values are taken apart for ownership and merging.</summary>
internal static class Structure
{
    public static StructureKind Of(Schema? schema, JsonNode? value)
    {
        var target = schema?.Target;
        switch (value)
        {
            case JsonObject:
                return schema?.AtomicMap == true || target?.AtomicMap == true ? StructureKind.Leaf : StructureKind.Map;
            case JsonArray list when target?.ListType == "map":
                return list.All(i => i is JsonObject) ? StructureKind.MapList : StructureKind.Leaf;
            case JsonArray list when target?.ListType == "set":
                return list.All(i => i is JsonValue) ? StructureKind.Set : StructureKind.Leaf;
            default:
                return StructureKind.Leaf;
        }
    }

    public static string KeyEdge(Schema list, JsonNode? item)
    {
        var key = new JsonObject();
        foreach (var name in list.Target.ListMapKeys.Order(StringComparer.Ordinal))
        {
            if (item is JsonObject map && ListRules.KeyValue(list, map, name) is { } value)
            {
                key[name] = value.DeepClone();
            }
        }
        return "k:" + key.ToJsonString(JsonText.NodeOptions);
    }

    public static string ValueEdge(JsonNode? item) => "v:" + (item?.ToJsonString(JsonText.NodeOptions) ?? "null");

    public static string Show(string edge)
    {
        if (edge.StartsWith("f:", StringComparison.Ordinal))
        {
            return "." + edge[2..];
        }
        if (edge.StartsWith("k:", StringComparison.Ordinal) && JsonText.Parse(System.Text.Encoding.UTF8.GetBytes(edge[2..])) is JsonObject key)
        {
            return $"[{string.Join(",", key.Select(p => $"{p.Key}={p.Value?.ToJsonString(JsonText.NodeOptions)}"))}]";
        }
        return $"[{edge[2..]}]";
    }
}
