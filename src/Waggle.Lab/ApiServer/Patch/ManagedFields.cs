using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>One entry of metadata.managedFields: what one manager has set in one way.</summary>
internal sealed record ManagerEntry(string Manager, string Operation, string ApiVersion, string Subresource, string Time, FieldSet Fields)
{
    public JsonObject ToJson()
    {
        var entry = new JsonObject
        {
            ["manager"] = Manager,
            ["operation"] = Operation,
            ["apiVersion"] = ApiVersion,
            ["time"] = Time,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = Fields.ToJson(),
        };
        if (Subresource.Length > 0)
        {
            entry["subresource"] = Subresource;
        }
        return entry;
    }
}

/// <summary>metadata.managedFields: which manager set which field.</summary>
internal static class ManagedFields
{
    private const int MaxUpdaters = 10;

    /// <summary>True when two trees differ in nothing but resourceVersion and managedFields.</summary>
    public static bool SameContent(JsonObject old, JsonObject next, bool managedToo = false)
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
                var names = a.Select(p => p.Key).Union(b.Select(p => p.Key)).Where(k => k != "resourceVersion" && (managedToo || k != "managedFields"));
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

    /// <summary>Records a create or update in <paramref name="next"/>: what changed belongs to its manager and to nobody else.</summary>
    public static void AfterWrite(JsonObject? old, JsonObject next, ResourceDefinition resource, WriteContext context, TimeProvider time)
    {
        var metadata = (JsonObject)next["metadata"]!;
        if (context.Applied)
        {
            return;
        }
        if (metadata["managedFields"] is JsonArray { Count: 0 } or JsonArray { Count: 1 } and [JsonObject { Count: 0 }])
        {
            // The documented way to start anew.
            metadata.Remove("managedFields");
            return;
        }
        var given = metadata["managedFields"] ?? J.Clone(old?["metadata"]?["managedFields"]);
        if (context.Trusted && context.Subresource is null)
        {
            Put(metadata, given);
            return;
        }
        var changes = FieldChanges.Between(resource.Schema, Tracked(old ?? []), Tracked(next));
        if (changes.Changed.IsEmpty && changes.Removed.IsEmpty)
        {
            Put(metadata, given);
            return;
        }
        var entries = Read(given as JsonArray);
        var subresource = context.Subresource ?? "";
        var result = new List<ManagerEntry>();
        var found = false;
        foreach (var entry in entries)
        {
            if (entry.Manager == context.Manager && entry.Operation == "Update" && entry.Subresource == subresource && entry.ApiVersion == resource.ApiVersion)
            {
                found = true;
                var fields = entry.Fields.Clone();
                fields.RemoveBelow(changes.Removed);
                fields.Add(changes.Changed);
                result.Add(fields.SetEquals(entry.Fields) ? entry : entry with { Fields = fields, Time = J.Time(time.GetUtcNow()) });
            }
            else
            {
                entry.Fields.Remove(changes.Changed);
                entry.Fields.RemoveBelow(changes.Removed);
                if (!entry.Fields.IsEmpty)
                {
                    result.Add(entry);
                }
            }
        }
        if (!found && !changes.Changed.IsEmpty)
        {
            result.Add(new ManagerEntry(context.Manager, "Update", resource.ApiVersion, subresource, J.Time(time.GetUtcNow()), changes.Changed));
        }
        Write(metadata, result);
    }

    public static List<ManagerEntry> Read(JsonArray? source)
    {
        var entries = new List<ManagerEntry>();
        foreach (var item in source ?? [])
        {
            entries.Add(new ManagerEntry(J.Str(item, "manager") ?? "", J.Str(item, "operation") ?? "Update", J.Str(item, "apiVersion") ?? "", J.Str(item, "subresource") ?? "", J.Str(item, "time") ?? "", FieldSet.FromJson(J.Obj(item, "fieldsV1") ?? [])));
        }
        return entries;
    }

    public static void Write(JsonObject metadata, List<ManagerEntry> entries)
    {
        var updaters = entries.Where(e => e.Operation == "Update").OrderBy(e => e.Time, StringComparer.Ordinal).ToList();
        if (updaters.Count > MaxUpdaters)
        {
            var old = updaters.Take(updaters.Count - MaxUpdaters + 1).ToList();
            var merged = new FieldSet();
            old.ForEach(e => merged.Add(e.Fields));
            entries = [.. entries.Except(old), old[^1] with { Manager = "ancient-changes", Subresource = "", Fields = merged }];
        }
        if (entries.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }
        var list = new JsonArray();
        foreach (var entry in entries)
        {
            list.Add((JsonNode)entry.ToJson());
        }
        metadata["managedFields"] = list;
    }

    /// <summary>The object without what the server owns.</summary>
    public static JsonObject Tracked(JsonObject tree)
    {
        var result = new JsonObject();
        foreach (var (name, value) in tree)
        {
            if (name is "apiVersion" or "kind")
            {
                continue;
            }
            if (name != "metadata" || value is not JsonObject metadata)
            {
                result[name] = J.Clone(value);
                continue;
            }
            var kept = new JsonObject();
            foreach (var (field, content) in metadata)
            {
                if (field is not ("name" or "namespace" or "uid" or "creationTimestamp" or "resourceVersion" or "generation" or "managedFields" or "selfLink" or "deletionTimestamp" or "deletionGracePeriodSeconds"))
                {
                    kept[field] = J.Clone(content);
                }
            }
            if (kept.Count > 0)
            {
                result["metadata"] = kept;
            }
        }
        return result;
    }

    private static void Put(JsonObject metadata, JsonNode? managed)
    {
        if (managed is null)
        {
            metadata.Remove("managedFields");
        }
        else if (!ReferenceEquals(metadata["managedFields"], managed))
        {
            metadata["managedFields"] = managed;
        }
    }
}
