using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Deletes objects: at once, or by marking them until their finalizers and their grace period are over.</summary>
internal sealed class ObjectDeleter(ApiServerRuntime runtime)
{
    private const int MaxAttempts = 64;

    /// <returns>The last state, and whether the object is gone already.</returns>
    public async Task<(StoredObject Item, bool Gone)> DeleteAsync(WriteContext context, string? @namespace, string name, DeleteOptions options)
    {
        var resource = context.Resource;
        var rules = runtime.Rules.For(resource);
        for (var attempt = 0; ; attempt++)
        {
            var rollBacks = runtime.Store.RollBacks;
            var current = runtime.Store.Head(resource.StoreName, StoredObject.KeyOf(@namespace, name)) ?? throw ApiException.NotFound(resource, name);
            CheckPreconditions(resource, current, options);
            var (marked, gone) = Mark(resource, rules, current, options);
            if (options.DryRun)
            {
                return (current, gone);
            }
            try
            {
                if (gone)
                {
                    var deleted = await runtime.Store.DeleteAsync(resource.StoreName, current.Key, current.Revision);
                    rules.Deleted(deleted, new RuleContext(runtime, context, current.Tree));
                    return (deleted, true);
                }
                if (JsonNode.DeepEquals(marked, current.Tree))
                {
                    await runtime.Store.SettleAsync(rollBacks);
                    return (current, false);
                }
                var stored = await runtime.Store.PutAsync(resource.StoreName, current.Namespace, current.Name, current.Revision, marked);
                rules.Written(stored, current, new RuleContext(runtime, context, current.Tree));
                return (stored, false);
            }
            catch (RevisionConflictException) when (attempt < MaxAttempts)
            {
                // Changed meanwhile: look again, preconditions included.
            }
            catch (RevisionConflictException)
            {
                throw ApiException.Stale(resource, name);
            }
        }
    }

    private (JsonObject Marked, bool Gone) Mark(ResourceDefinition resource, KindRules rules, StoredObject current, DeleteOptions options)
    {
        var tree = (JsonObject)current.Tree.DeepClone();
        var metadata = (JsonObject)tree["metadata"]!;
        SetPropagation(metadata, options.PropagationPolicy);
        var grace = rules.GracePeriod(tree, options.GracePeriodSeconds);
        var now = runtime.Options.Time.GetUtcNow();
        if (metadata["deletionTimestamp"] is not null)
        {
            // A second request may shorten the grace period, never lengthen it.
            var before = J.Int(metadata["deletionGracePeriodSeconds"]) ?? 0;
            if (grace < before)
            {
                var asked = (J.ParseTime(J.Str(metadata, "deletionTimestamp")) ?? now) - TimeSpan.FromSeconds(before);
                metadata["deletionGracePeriodSeconds"] = J.Num(grace);
                metadata["deletionTimestamp"] = J.Time(asked + TimeSpan.FromSeconds(grace) is var end && end < now ? now : end);
            }
        }
        else
        {
            metadata["deletionTimestamp"] = J.Time(now + TimeSpan.FromSeconds(grace));
            metadata["deletionGracePeriodSeconds"] = J.Num(grace);
            if (rules.HasGeneration)
            {
                metadata["generation"] = J.Num((J.Int(metadata["generation"]) ?? 0) + 1);
            }
        }
        if (resource is { Group: "", Plural: "namespaces" })
        {
            J.Ensure(tree, "status")["phase"] = "Terminating";
        }
        return (tree, Deletion.IsComplete(resource, tree));
    }

    /// <summary>The garbage collector acts on these finalizers and takes them off.</summary>
    private static void SetPropagation(JsonObject metadata, string? policy)
    {
        if (policy is null)
        {
            return;
        }
        var finalizers = (J.Arr(metadata, "finalizers") ?? []).Select(f => J.Text(f)!).Where(f => f is not ("orphan" or "foregroundDeletion")).ToList();
        if (policy == "Orphan")
        {
            finalizers.Add("orphan");
        }
        else if (policy == "Foreground")
        {
            finalizers.Add("foregroundDeletion");
        }
        if (finalizers.Count == 0)
        {
            metadata.Remove("finalizers");
        }
        else
        {
            metadata["finalizers"] = J.Strings(finalizers);
        }
    }

    private static void CheckPreconditions(ResourceDefinition resource, StoredObject current, DeleteOptions options)
    {
        var uid = J.Str(current.Tree["metadata"], "uid");
        if (options.Uid is { } wanted && wanted != uid)
        {
            throw ApiException.Conflict(resource, current.Name, $"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}");
        }
        if (options.ResourceVersion is { } version && version != J.Str(current.Tree["metadata"], "resourceVersion"))
        {
            throw ApiException.Conflict(resource, current.Name, $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {current.Revision}");
        }
    }
}
