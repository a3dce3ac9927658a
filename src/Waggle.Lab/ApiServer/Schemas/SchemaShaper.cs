using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Brings an object into the shape of its schema: unknown fields out, nulls out, defaults in.</summary>
internal static class SchemaShaper
{
    /// <summary>Removes unknown fields (and, in built-in kinds, nulls); their paths go to <paramref name="unknown"/>.</summary>
    public static void Prune(Schema schema, JsonNode? node, List<string>? unknown, string path = "")
    {
        var target = schema.Target;
        switch (node)
        {
            case JsonObject map:
                PruneObject(target, map, unknown, path);
                break;
            case JsonArray list when target.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (items.Target.Format == "quantity" && Coerced(list[i]) is { } quantity)
                    {
                        list[i] = quantity;
                    }
                    Prune(items, list[i], unknown, unknown is null ? "" : $"{path}[{i}]");
                }
                break;
        }
    }

    /// <summary>Fills in defaults, parents before children, so that a default <c>{}</c> gets its own fields' defaults.</summary>
    public static void Default(Schema schema, JsonNode? node)
    {
        var target = schema.Target;
        switch (node)
        {
            case JsonObject map:
                foreach (var (name, property) in target.Properties)
                {
                    if (property.Default is { } value && (!map.TryGetPropertyValue(name, out var present) || (present is null && !property.Nullable)))
                    {
                        map[name] = value.DeepClone();
                    }
                    if (map[name] is { } child and (JsonObject or JsonArray))
                    {
                        Default(property, child);
                    }
                }
                if (target.Additional is { } additional)
                {
                    foreach (var (name, child) in map)
                    {
                        if (child is JsonObject or JsonArray && !target.Properties.ContainsKey(name))
                        {
                            Default(additional, child);
                        }
                    }
                }
                break;
            case JsonArray list when target.Items is { } items:
                foreach (var child in list)
                {
                    Default(items, child);
                }
                break;
        }
    }

    private static void PruneObject(Schema target, JsonObject map, List<string>? unknown, string path)
    {
        if (target.Type is not (SchemaType.Object or SchemaType.Any))
        {
            return;
        }
        List<string>? drop = null;
        List<(string, JsonNode)>? replace = null;
        foreach (var (name, value) in map)
        {
            var property = target.Properties.TryGetValue(name, out var declared) ? declared : target.Additional;
            var child = unknown is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
            if (property is null)
            {
                if (!target.PreserveUnknown && target.Type != SchemaType.Any && !(target.EmbeddedResource && name is "apiVersion" or "kind" or "metadata"))
                {
                    unknown?.Add(child);
                    (drop ??= []).Add(name);
                }
                continue;
            }
            if (value is null)
            {
                if (target.DropNulls || (property.Default is not null && !property.Nullable))
                {
                    (drop ??= []).Add(name);
                }
                continue;
            }
            if (property.Target.Format == "quantity" && Coerced(value) is { } quantity)
            {
                (replace ??= []).Add((name, quantity));
                continue;
            }
            Prune(property, value, unknown, child);
        }
        foreach (var name in drop ?? [])
        {
            map.Remove(name);
        }
        foreach (var (name, value) in replace ?? [])
        {
            map[name] = value;
        }
    }

    // A quantity may be written as a number; it is kept as text.
    private static JsonValue? Coerced(JsonNode? value) => J.Kind(value) == JsonValueKind.Number ? JsonValue.Create(value!.ToJsonString(JsonText.NodeOptions)) : null;
}
