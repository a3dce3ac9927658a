using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Server-side apply: a manager says everything it wants, and owns exactly that.</summary>
internal sealed class ObjectApplier(ApiServerRuntime runtime)
{
    private const int MaxAttempts = 5;

    /// <exception cref="ApiException">409: another manager set a field to another value, and <paramref name="force"/> was not given.</exception>
    public async Task<(StoredObject Item, bool Created)> ApplyAsync(WriteContext context, string? @namespace, string name, JsonObject body, bool force)
    {
        var resource = context.Resource;
        Check(context, body, @namespace, name);
        for (var attempt = 0; ; attempt++)
        {
            if (runtime.Store.Head(resource.StoreName, StoredObject.KeyOf(@namespace, name)) is not null)
            {
                return (await UpdateAsync(context, @namespace, name, body, force), false);
            }
            if (context.Subresource is not null)
            {
                throw ApiException.NotFound(resource, name);
            }
            if (J.Str(body["metadata"], "uid") is { Length: > 0 } uid)
            {
                throw ApiException.Conflict(resource, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: ");
            }
            try
            {
                return (await CreateAsync(context, @namespace, body), true);
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists" && attempt < MaxAttempts)
            {
                // It was made meanwhile: apply to it.
            }
        }
    }

    private static void Check(WriteContext context, JsonObject body, string? @namespace, string name)
    {
        ObjectIdentity.CheckKind(context.Resource, body);
        var metadata = J.Ensure(body, "metadata");
        ObjectIdentity.CheckName(metadata, name);
        ObjectIdentity.SetNamespace(context.Resource, metadata, @namespace);
        if (metadata["managedFields"] is JsonArray { Count: > 0 })
        {
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        }
        metadata.Remove("managedFields");
        var unknown = new List<string>();
        SchemaShaper.Prune(context.Resource.Schema, body, unknown);
        if (unknown.Count > 0 && context.Fields != FieldValidation.Ignore)
        {
            throw new ApiException(500, "InternalError", $"failed to create typed patch object ({@namespace}/{name}; {context.Resource.ApiVersion}, Kind={context.Resource.Kind}): {string.Join(", ", unknown.Take(20).Select(u => $".{u}: field not declared in schema"))}");
        }
    }

    private Task<StoredObject> CreateAsync(WriteContext context, string? @namespace, JsonObject body)
    {
        var tracked = Wanted(context, body);
        var created = (JsonObject)body.DeepClone();
        var fields = FieldSet.Of(context.Resource.Schema, tracked);
        ManagedFields.Write((JsonObject)created["metadata"]!, fields.IsEmpty ? [] : [Entry(context, fields)]);
        return runtime.Writer.CreateAsync(context with { Applied = true }, @namespace, created);
    }

    private Task<StoredObject> UpdateAsync(WriteContext context, string? @namespace, string name, JsonObject body, bool force)
    {
        var resource = context.Resource;
        var wanted = Wanted(context, body);
        var version = J.Str(body["metadata"], "resourceVersion");
        return runtime.Writer.UpdateAsync(context with { Applied = true, Conditional = !string.IsNullOrEmpty(version) }, @namespace, name, live =>
        {
            var entries = ManagedFields.Read(J.Arr(live["metadata"], "managedFields"));
            var mine = entries.FirstOrDefault(e => IsMine(e, context));
            var others = entries.Where(e => !ReferenceEquals(e, mine)).ToList();
            var fields = FieldSet.Of(resource.Schema, wanted);
            var tracked = ManagedFields.Tracked(live);

            // Fields that the applied object would set to another value than they have now.
            var differing = FieldChanges.Between(resource.Schema, tracked, ApplyMerge.Merge(resource.Schema, tracked, wanted)).Changed;
            ResolveConflicts(resource, name, context.Manager, others, differing, force);

            var result = (JsonObject)ApplyMerge.Merge(resource.Schema, live, wanted)!;
            if (mine is not null)
            {
                var gone = mine.Fields.Clone();
                gone.Remove(fields);
                var kept = fields.Clone();
                others.ForEach(o => kept.Add(o.Fields));
                ApplyMerge.Remove(resource.Schema, result, gone, kept);
            }
            var metadata = J.Ensure(result, "metadata");
            var next = others.Where(o => !o.Fields.IsEmpty).ToList();
            if (!fields.IsEmpty)
            {
                // An unchanged claim keeps its time, so that applying the same again changes nothing.
                next.Insert(0, mine is not null && mine.Fields.SetEquals(fields) && mine.ApiVersion == resource.ApiVersion ? mine : Entry(context, fields));
            }
            ManagedFields.Write(metadata, next);
            if (!string.IsNullOrEmpty(version))
            {
                metadata["resourceVersion"] = version;
            }
            if (J.Str(body["metadata"], "uid") is { Length: > 0 } uid)
            {
                metadata["uid"] = uid;
            }
            return result;
        });
    }

    private static void ResolveConflicts(ResourceDefinition resource, string name, string manager, List<ManagerEntry> others, FieldSet differing, bool force)
    {
        var conflicts = new List<(ManagerEntry Other, List<string> Paths)>();
        foreach (var other in others.Where(o => o.Manager != manager || o.Operation != "Update"))
        {
            var common = other.Fields.Clone();
            var rest = other.Fields.Clone();
            rest.Remove(differing);
            common.Remove(rest);
            if (!common.IsEmpty)
            {
                conflicts.Add((other, [.. common.Paths()]));
            }
        }
        if (conflicts.Count > 0 && !force)
        {
            throw Conflict(resource, name, conflicts);
        }
        foreach (var other in others)
        {
            // What is taken over by force is no longer theirs.
            other.Fields.Remove(differing);
        }
    }

    private static ApiException Conflict(ResourceDefinition resource, string name, List<(ManagerEntry Other, List<string> Paths)> conflicts)
    {
        var causes = new JsonArray();
        var lines = new List<string>();
        foreach (var (other, paths) in conflicts)
        {
            var who = other.Operation == "Update" ? $"conflict with \"{other.Manager}\" using {other.ApiVersion}" : $"conflict with \"{other.Manager}\"";
            if (other.Operation == "Update" && other.Subresource.Length > 0)
            {
                who = $"conflict with \"{other.Manager}\" with subresource \"{other.Subresource}\" using {other.ApiVersion}";
            }
            foreach (var path in paths)
            {
                causes.Add((JsonNode)new JsonObject { ["reason"] = "FieldManagerConflict", ["message"] = who, ["field"] = path });
            }
            lines.Add(paths.Count == 1 ? $"{who}: {paths[0]}" : $"{who}:\n- {string.Join("\n- ", paths)}");
        }
        var count = causes.Count;
        return new ApiException(409, "Conflict", $"Apply failed with {count} conflict{(count == 1 ? "" : "s")}: {string.Join("\n", lines)}")
        {
            Details = new JsonObject { ["name"] = name, ["group"] = resource.Group, ["kind"] = resource.Plural, ["causes"] = causes },
        };
    }

    /// <summary>What the manager claims: the object without server-owned fields, and without the part the subresource does not write.</summary>
    private static JsonObject Wanted(WriteContext context, JsonObject body)
    {
        var tracked = ManagedFields.Tracked(body);
        if (context.Subresource == "status")
        {
            foreach (var member in tracked.Select(p => p.Key).Where(k => k != "status").ToList())
            {
                tracked.Remove(member);
            }
        }
        else if (context.Resource.HasStatus)
        {
            tracked.Remove("status");
        }
        return tracked;
    }

    private ManagerEntry Entry(WriteContext context, FieldSet fields) =>
        new(context.Manager, "Apply", context.Resource.ApiVersion, context.Subresource ?? "", J.Time(runtime.Options.Time.GetUtcNow()), fields);

    private static bool IsMine(ManagerEntry entry, WriteContext context) =>
        entry.Manager == context.Manager && entry.Operation == "Apply" && entry.Subresource == (context.Subresource ?? "");
}
