using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Creates and changes objects: the one way by which anything gets into the store.</summary>
/// <remarks>
/// <code>
/// create: shape → metadata → rules → defaults → validation → managed fields → store
/// update: shape → metadata from the stored object → spec or status from it → rules → validation → managed fields
///         → nothing changed? answer the stored object → last finalizer gone? delete → store, again when another was faster
/// </code>
/// </remarks>
internal sealed class ObjectWriter(ApiServerRuntime runtime)
{
    private const int MaxAttempts = 64;
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Creates an object.</summary>
    /// <exception cref="ApiException">It exists already, its namespace does not, or it is not valid.</exception>
    public async Task<StoredObject> CreateAsync(WriteContext context, string? @namespace, JsonObject body)
    {
        var resource = context.Resource;
        Shape(context, body);
        ObjectIdentity.CheckKind(resource, body);
        var metadata = J.Ensure(body, "metadata");
        ObjectIdentity.SetNamespace(resource, metadata, @namespace);
        if (J.Str(metadata, "resourceVersion") is { Length: > 0 })
        {
            throw ApiException.BadRequest("resourceVersion should not be set on objects to be created");
        }
        CheckNamespace(context, @namespace);
        ObjectIdentity.StampNew(metadata, runtime.Options.Time);
        var generated = J.Str(metadata, "name") is not { Length: > 0 } && J.Str(metadata, "generateName") is { Length: > 0 };
        var rules = runtime.Rules.For(resource);
        if (resource.HasStatus && !context.Trusted && !rules.KeepsStatusOnCreate)
        {
            body.Remove("status");
        }
        SchemaShaper.Default(resource.Schema, body);
        var ruleContext = new RuleContext(runtime, context, null);
        rules.PrepareCreate(body, ruleContext);
        SchemaShaper.Default(resource.Schema, body);
        if (rules.HasGeneration)
        {
            metadata["generation"] = J.Num(1);
        }
        for (var attempt = 0; ; attempt++)
        {
            if (generated)
            {
                metadata["name"] = Generate(J.Str(metadata, "generateName")!);
            }
            var name = J.Str(metadata, "name") ?? "";
            Validate(context, rules, body, null, name);
            ManagedFields.AfterWrite(null, body, resource, context, runtime.Options.Time);
            if (context.DryRun)
            {
                return DryRun(context, @namespace, name, body);
            }
            try
            {
                rules.Reserve(body, null, ruleContext);
                var stored = VersionConversion.ToStored((JsonObject)body.DeepClone(), resource);
                var result = await runtime.Store.PutAsync(resource.StoreName, @namespace ?? "", name, 0, stored);
                rules.Written(result, null, ruleContext);
                return result;
            }
            catch (RevisionConflictException) when (generated && attempt < 8)
            {
                // The chance name is taken: draw another.
            }
            catch (RevisionConflictException)
            {
                throw ApiException.AlreadyExists(resource, name);
            }
        }
    }

    /// <summary>Changes an object. <paramref name="build"/> gets a copy of the stored object and answers what it is to become.</summary>
    /// <remarks>When the stored object changes meanwhile, <paramref name="build"/> runs again on the newer one; a resourceVersion in its result turns that into a 409.</remarks>
    public async Task<StoredObject> UpdateAsync(WriteContext context, string? @namespace, string name, Func<JsonObject, JsonObject> build)
    {
        var resource = context.Resource;
        var rules = runtime.Rules.For(resource);
        for (var attempt = 0; ; attempt++)
        {
            var rollBacks = runtime.Store.RollBacks;
            var current = runtime.Store.Head(resource.StoreName, StoredObject.KeyOf(@namespace, name)) ?? throw ApiException.NotFound(resource, name);
            var old = J.Str(current.Tree, "apiVersion") == resource.ApiVersion ? current.Tree : VersionConversion.ToVersion((JsonObject)current.Tree.DeepClone(), resource);
            var next = build((JsonObject)old.DeepClone());
            var conditional = Prepare(context, rules, next, old, @namespace, name);
            if (ManagedFields.SameContent(old, next, managedToo: true))
            {
                await runtime.Store.SettleAsync(rollBacks);
                return current;
            }
            if (context.DryRun)
            {
                return DryRun(context, @namespace, name, next);
            }
            var ruleContext = new RuleContext(runtime, context, old);
            try
            {
                if (Deletion.IsComplete(resource, next))
                {
                    var deleted = await runtime.Store.DeleteAsync(resource.StoreName, current.Key, current.Revision);
                    rules.Deleted(deleted, ruleContext);
                    return deleted;
                }
                rules.Reserve(next, old, ruleContext);
                var stored = VersionConversion.ToStored(next, resource);
                var result = await runtime.Store.PutAsync(resource.StoreName, @namespace ?? "", name, current.Revision, stored);
                rules.Written(result, current, ruleContext);
                return result;
            }
            catch (RevisionConflictException) when (!conditional && attempt < MaxAttempts)
            {
                // Someone else was faster: build upon the newer state.
            }
            catch (RevisionConflictException)
            {
                throw ApiException.Stale(resource, name);
            }
        }
    }

    /// <summary>Prunes unknown fields, reporting them as the request asks.</summary>
    public static void Shape(WriteContext context, JsonObject body, IReadOnlyList<string>? duplicates = null)
    {
        var unknown = new List<string>();
        SchemaShaper.Prune(context.Resource.Schema, body, unknown);
        context.ReportFields(duplicates ?? [], unknown);
    }

    private bool Prepare(WriteContext context, KindRules rules, JsonObject next, JsonObject old, string? @namespace, string name)
    {
        var resource = context.Resource;
        Shape(context, next);
        ObjectIdentity.CheckKind(resource, next);
        var metadata = J.Ensure(next, "metadata");
        ObjectIdentity.SetNamespace(resource, metadata, @namespace);
        ObjectIdentity.CheckName(metadata, name);
        var oldMetadata = (JsonObject)old["metadata"]!;
        var version = J.Str(metadata, "resourceVersion");
        if (!string.IsNullOrEmpty(version) && version != J.Str(oldMetadata, "resourceVersion"))
        {
            throw ApiException.Stale(resource, name);
        }
        if (J.Str(metadata, "uid") is { Length: > 0 } uid && uid != J.Str(oldMetadata, "uid"))
        {
            throw ApiException.Conflict(resource, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {J.Str(oldMetadata, "uid")}");
        }
        // Only a version that the client sent makes the write conditional: patches carry the stored one through.
        ObjectIdentity.KeepSystemFields(metadata, oldMetadata);
        SplitStatus(context, next, old);
        var ruleContext = new RuleContext(runtime, context, old);
        SchemaShaper.Default(resource.Schema, next);
        rules.PrepareUpdate(next, old, ruleContext);
        SchemaShaper.Default(resource.Schema, next);
        if (rules.HasGeneration && context.Subresource != "status" && DesiredStateChanged(resource, next, old))
        {
            metadata["generation"] = J.Num((J.Int(oldMetadata["generation"]) ?? 0) + 1);
        }
        metadata["resourceVersion"] = J.Str(oldMetadata, "resourceVersion");
        Validate(context, rules, next, old, name);
        ManagedFields.AfterWrite(old, next, resource, context, runtime.Options.Time);
        return !string.IsNullOrEmpty(version) && context.Conditional;
    }

    private static void SplitStatus(WriteContext context, JsonObject next, JsonObject old)
    {
        if (!context.Resource.HasStatus)
        {
            return;
        }
        if (context.Subresource != "status")
        {
            Put(next, "status", old["status"]);
            return;
        }
        foreach (var member in old.Select(p => p.Key).Concat(next.Select(p => p.Key)).Distinct().ToList())
        {
            if (member is not ("status" or "metadata"))
            {
                Put(next, member, old[member]);
            }
        }
        var metadata = (JsonObject)next["metadata"]!;
        var managed = J.Clone(metadata["managedFields"]);
        var kept = (JsonObject)old["metadata"]!.DeepClone();
        // Kubernetes lets a status update change labels and annotations of nodes and pods only through the object itself.
        kept["managedFields"] = managed;
        if (managed is null)
        {
            kept.Remove("managedFields");
        }
        next["metadata"] = kept;
    }

    private static void Put(JsonObject target, string name, JsonNode? value)
    {
        if (value is null)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = value.DeepClone();
        }
    }

    private void Validate(WriteContext context, KindRules rules, JsonObject body, JsonObject? old, string name)
    {
        var errors = new FieldErrors();
        if (!context.Trusted)
        {
            MetadataRules.Validate(body, old, rules, errors);
        }
        SchemaValidator.Validate(context.Resource.Schema, body, old, errors);
        if (!errors.Any)
        {
            // Rules may rely on types being right.
            rules.Validate(body, old, errors, context);
            foreach (var validator in runtime.Options.Validators)
            {
                if (validator.Group == context.Resource.Group && validator.Kind == context.Resource.Kind)
                {
                    validator.Validate(body, old, errors);
                }
            }
        }
        if (errors.Any)
        {
            throw ApiException.Invalid(context.Resource, name, errors);
        }
    }

    private void CheckNamespace(WriteContext context, string? @namespace)
    {
        if (context.Trusted || @namespace is null)
        {
            return;
        }
        var definition = runtime.Surface.Find("", "v1", "namespaces")!;
        var found = runtime.Store.Head("namespaces", @namespace) ?? throw ApiException.NotFound(definition, @namespace);
        if (J.At(found.Tree, "metadata", "deletionTimestamp") is not null)
        {
            throw ApiException.Forbidden(context.Resource, "", $"unable to create new content in namespace {@namespace} because it is being terminated");
        }
    }

    private StoredObject DryRun(WriteContext context, string? @namespace, string name, JsonObject tree)
    {
        _ = context;
        var revision = runtime.Store.Revision;
        return new StoredObject(@namespace ?? "", name, revision, JsonText.Write(tree), (JsonObject)tree.DeepClone());
    }

    private static bool DesiredStateChanged(ResourceDefinition resource, JsonObject next, JsonObject old)
    {
        foreach (var member in next.Select(p => p.Key).Union(old.Select(p => p.Key)))
        {
            if (member is "metadata" or "apiVersion" or "kind" || (member == "status" && resource.HasStatus))
            {
                continue;
            }
            if (!JsonNode.DeepEquals(next[member], old[member]))
            {
                return true;
            }
        }
        return false;
    }

    private static string Generate(string prefix)
    {
        const int maxBase = 63 - 5;
        return (prefix.Length > maxBase ? prefix[..maxBase] : prefix) + RandomNumberGenerator.GetString(NameAlphabet, 5);
    }
}
