using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Kubernetes' strategic merge patch: lists are merged by key or as sets where the schema says so, with $ directives.</summary>
internal static class StrategicMerge
{
    private const string SetOrder = "$setElementOrder/";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    /// <summary>Changes <paramref name="target"/> and answers the result.</summary>
    /// <exception cref="ApiException">400: a directive is malformed.</exception>
    public static JsonNode? Apply(Schema? schema, JsonObject target, JsonObject patch)
    {
        switch (J.Str(patch, "$patch"))
        {
            case "replace":
                var replaced = (JsonObject)patch.DeepClone();
                replaced.Remove("$patch");
                return replaced;
            case "delete":
                return new JsonObject();
            case null or "merge":
                break;
            case var other:
                throw ApiException.BadRequest($"unknown $patch directive \"{other}\": it may be merge, replace or delete");
        }
        if (patch["$retainKeys"] is JsonArray retain)
        {
            var keep = retain.Select(r => J.Text(r)).ToHashSet();
            foreach (var name in target.Select(p => p.Key).Where(k => !keep.Contains(k)).ToList())
            {
                target.Remove(name);
            }
        }
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal))
            {
                RemoveScalars(target, name[DeleteFrom.Length..], value);
            }
            else if (name.StartsWith('$'))
            {
                continue;
            }
            else if (value is null)
            {
                target.Remove(name);
            }
            else
            {
                Member(schema?.Property(name), target, name, value, patch);
            }
        }
        foreach (var (name, order) in patch)
        {
            if (name.StartsWith(SetOrder, StringComparison.Ordinal) && target[name[SetOrder.Length..]] is JsonArray list)
            {
                var field = name[SetOrder.Length..];
                target[field] = Ordered(schema?.Property(field), list, order as JsonArray ?? throw ApiException.BadRequest($"{name} must be a list"));
            }
        }
        return target;
    }

    private static void Member(Schema? property, JsonObject target, string name, JsonNode value, JsonObject patch)
    {
        switch (value)
        {
            case JsonObject change:
                if (target[name] is JsonObject old)
                {
                    var merged = Apply(property?.Target, old, change);
                    if (J.Str(change, "$patch") == "delete")
                    {
                        target.Remove(name);
                    }
                    else if (!ReferenceEquals(merged, old))
                    {
                        target[name] = merged;
                    }
                }
                else if (J.Str(change, "$patch") != "delete")
                {
                    target[name] = Apply(property?.Target, [], change);
                }
                break;
            case JsonArray items when property is { PatchMerge: true }:
                var list = target[name] as JsonArray;
                target[name] = property.PatchMergeKey is { } key ? MergeByKey(property, key, list, items) : MergeSet(list, items, patch.ContainsKey(SetOrder + name));
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeByKey(Schema property, string key, JsonArray? list, JsonArray items)
    {
        List<JsonObject> changes = [.. items.Select(i => i as JsonObject ?? throw ApiException.BadRequest($"the items of a list that is merged by \"{key}\" must be objects"))];
        if (changes.Any(c => J.Str(c, "$patch") == "replace" && c[key] is null))
        {
            // As it stands, nothing merged: also two items of one key.
            return new JsonArray([.. changes.Where(c => !c.ContainsKey("$patch")).Select(c => Apply(property.Target.Items?.Target, [], c))]);
        }
        List<JsonObject> result = [.. (list ?? []).OfType<JsonObject>().Select(o => (JsonObject)o.DeepClone())];
        foreach (var change in changes)
        {
            var directive = J.Str(change, "$patch");
            if (change[key] is not { } id)
            {
                throw ApiException.BadRequest($"map: {change.ToJsonString(JsonText.NodeOptions)} does not contain declared merge key: {key}");
            }
            var at = result.FindIndex(o => JsonNode.DeepEquals(o[key], id));
            if (directive == "delete")
            {
                result.RemoveAll(o => JsonNode.DeepEquals(o[key], id));
            }
            else if (at < 0)
            {
                result.Add((JsonObject)Apply(property.Target.Items?.Target, [], change)!);
            }
            else
            {
                result[at] = (JsonObject)Apply(property.Target.Items?.Target, result[at], change)!;
            }
        }
        return new JsonArray([.. result]);
    }

    private static JsonArray MergeSet(JsonArray? list, JsonArray items, bool ordered)
    {
        _ = ordered;
        var result = (JsonArray?)list?.DeepClone() ?? [];
        foreach (var item in items)
        {
            if (!result.Any(r => JsonNode.DeepEquals(r, item)))
            {
                result.Add(J.Clone(item));
            }
        }
        return result;
    }

    private static void RemoveScalars(JsonObject target, string name, JsonNode? values)
    {
        if (values is not JsonArray gone)
        {
            throw ApiException.BadRequest($"{DeleteFrom}{name} must be a list");
        }
        if (target[name] is JsonArray list)
        {
            for (var i = list.Count - 1; i >= 0; i--)
            {
                if (gone.Any(g => JsonNode.DeepEquals(g, list[i])))
                {
                    list.RemoveAt(i);
                }
            }
        }
    }

    // Listed items stand in the listed order; others stay behind the item they followed.
    private static JsonArray Ordered(Schema? property, JsonArray list, JsonArray order)
    {
        var key = property?.PatchMergeKey;
        JsonNode? Id(JsonNode? node) => key is not null && node is JsonObject map ? map[key] : node;
        var ranks = new List<JsonNode?>(order.Select(Id));
        int Rank(JsonNode? item) => ranks.FindIndex(r => JsonNode.DeepEquals(r, Id(item)));
        var listed = list.Where(i => Rank(i) >= 0).OrderBy(Rank).ToList();
        var result = new List<JsonNode?>(list.Count);
        var next = 0;
        foreach (var item in list)
        {
            result.Add(Rank(item) >= 0 ? listed[next++] : item);
        }
        return new JsonArray([.. result.Select(J.Clone)]);
    }
}
