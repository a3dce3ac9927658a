using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Identity of list items: by key fields in map lists, by value in sets.</summary>
internal static class ListRules
{
    /// <summary>The values of the key fields as one text; defaults stand in for missing ones; null when the item is no object.</summary>
    public static string? KeyOf(Schema list, JsonNode? item)
    {
        if (item is not JsonObject map)
        {
            return null;
        }
        if (list.Target.ListMapKeys.Count == 1)
        {
            return J.Show(KeyValue(list, map, list.Target.ListMapKeys[0]));
        }
        return string.Join('\u0001', list.Target.ListMapKeys.Select(k => J.Show(KeyValue(list, map, k))));
    }

    public static JsonNode? KeyValue(Schema list, JsonObject item, string key) => item[key] ?? list.Target.Items?.Property(key)?.Default;

    public static void CheckUnique(Schema schema, JsonArray list, FieldErrors errors, string path)
    {
        var target = schema.Target;
        if (list.Count < 2 || target.AllowsDuplicates || (target.ListType is not ("map" or "set") && !target.UniqueItems))
        {
            return;
        }
        var seen = new HashSet<string>();
        for (var i = 0; i < list.Count; i++)
        {
            var key = target.ListType == "map" ? KeyOf(target, list[i]) : list[i]?.ToJsonString(JsonText.NodeOptions) ?? "null";
            if (key is null || seen.Add(key))
            {
                continue;
            }
            if (target.ListMapKeys is [var name] && list[i] is JsonObject item)
            {
                errors.Duplicate($"{path}[{i}].{name}", KeyValue(target, item, name));
            }
            else
            {
                errors.Duplicate($"{path}[{i}]", list[i]);
            }
        }
    }
}
