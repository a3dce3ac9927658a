using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.GarbageCollection;

internal sealed partial class GarbageCollector
{
    private enum OwnerState
    {
        Present,
        Absent,

        /// <summary>It is being deleted and waits for its dependents.</summary>
        Waiting,
    }

    private async Task SyncAsync(string uid, CancellationToken cancellation)
    {
        if (_graph.Find(uid) is not { } node)
        {
            return;
        }

        if (node.IsOrphaning)
        {
            await OrphanAsync(node, cancellation).ConfigureAwait(false);
        }
        else if (node.IsDeletingInForeground)
        {
            await AwaitDependentsAsync(node, cancellation).ConfigureAwait(false);
        }
        else if (!node.IsDeleting && node.Owners.Count > 0)
        {
            await CollectAsync(node, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes the object when none of its owners is left; takes out references to those that are gone.</summary>
    private async Task CollectAsync(GraphNode node, CancellationToken cancellation)
    {
        var states = new List<(OwnerReference Owner, OwnerState State)>();
        foreach (var owner in node.Owners)
        {
            states.Add((owner, await StateOfAsync(node, owner, cancellation).ConfigureAwait(false)));
        }

        var gone = states.Where(s => s.State == OwnerState.Absent).Select(s => s.Owner.Uid).ToHashSet();
        var waiting = states.Where(s => s.State == OwnerState.Waiting).Select(s => s.Owner.Uid).ToHashSet();
        if (states.Any(s => s.State == OwnerState.Present))
        {
            if (gone.Count + waiting.Count > 0)
            {
                await PatchOwnersAsync(node, o => !gone.Contains(o.Uid) && !waiting.Contains(o.Uid), cancellation).ConfigureAwait(false);
            }

            return;
        }

        // Its own dependents go before it when its owner waits in the foreground.
        var propagation = waiting.Count > 0 && _graph.DependentsOf(node.Uid).Count > 0 ? Propagation.Foreground
            : node.Finalizers.Contains("orphan") ? Propagation.Orphan
            : node.Finalizers.Contains("foregroundDeletion") ? Propagation.Foreground
            : Propagation.Background;
        LogDeleting(node.Type.Kind, node.Key.ToString());
        try
        {
            await Client.DeleteAsync(node.Type, NamespaceOf(node), node.Key.Name, new() { Uid = node.Uid, Propagation = propagation }, cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, or another object of that name.
        }
    }

    private async Task<OwnerState> StateOfAsync(GraphNode node, OwnerReference owner, CancellationToken cancellation)
    {
        if (_graph.Find(owner.Uid) is { } known)
        {
            return known.IsDeletingInForeground && owner.BlockOwnerDeletion == true ? OwnerState.Waiting : OwnerState.Present;
        }

        // The graph may lag or not watch that type: the server decides.
        var type = await Client.Discovery.FindKindAsync(owner.ApiVersion, owner.Kind, cancellation).ConfigureAwait(false);
        if (type is null || (type.Namespaced && node.Key.Namespace.Length == 0))
        {
            // Unknown kind (its CRD may come back) or an owner that cannot be: touching nothing is safe.
            return OwnerState.Present;
        }

        var found = await Client.TryGetAsync(type, type.Namespaced ? node.Key.Namespace : null, owner.Name, cancellation).ConfigureAwait(false);
        return found is not null && type.Metadata(found).Uid == owner.Uid ? OwnerState.Present : OwnerState.Absent;
    }

    /// <summary>Foreground deletion: dependents first; the finalizer goes when none is left that blocks.</summary>
    private async Task AwaitDependentsAsync(GraphNode node, CancellationToken cancellation)
    {
        var blocking = _graph.DependentsOf(node.Uid).Where(d => d.Owners.Any(o => o.Uid == node.Uid && o.BlockOwnerDeletion == true)).ToList();
        if (blocking.Count == 0)
        {
            await RemoveFinalizerAsync(node, "foregroundDeletion", cancellation).ConfigureAwait(false);
            return;
        }

        foreach (var dependent in blocking.Where(d => !d.IsDeleting))
        {
            _queue.Add(dependent.Uid);
        }

        // Their deletion brings this one back, unless its event is lost.
        _queue.AddAfter(node.Uid, TimeSpan.FromSeconds(5));
    }

    /// <summary>Orphaning deletion: dependents forget their owner; then the finalizer goes.</summary>
    private async Task OrphanAsync(GraphNode node, CancellationToken cancellation)
    {
        foreach (var dependent in _graph.DependentsOf(node.Uid))
        {
            await PatchOwnersAsync(dependent, o => o.Uid != node.Uid, cancellation).ConfigureAwait(false);
        }

        await RemoveFinalizerAsync(node, "orphan", cancellation).ConfigureAwait(false);
    }

    private Task RemoveFinalizerAsync(GraphNode node, string finalizer, CancellationToken cancellation) => EditAsync(node, metadata =>
    {
        var left = (metadata["finalizers"] as JsonArray ?? []).Where(f => (string?)f != finalizer).Select(f => f?.DeepClone()).ToArray();
        return new() { ["finalizers"] = new JsonArray(left) };
    }, cancellation);

    private Task PatchOwnersAsync(GraphNode node, Func<OwnerReference, bool> keep, CancellationToken cancellation) => EditAsync(node, metadata =>
    {
        var left = (metadata["ownerReferences"] as JsonArray ?? []).Where(o => o is not null && keep(Kube.Json.KubeJson.FromJson<OwnerReference>(o))).Select(o => o!.DeepClone()).ToArray();
        return new() { ["ownerReferences"] = new JsonArray(left) };
    }, cancellation);

    /// <summary>Changes metadata of exactly this object, in its present version; an object that is gone is success.</summary>
    private async Task EditAsync(GraphNode node, Func<JsonObject, JsonObject> change, CancellationToken cancellation)
    {
        if (await Client.TryGetAsync(node.Type, NamespaceOf(node), node.Key.Name, cancellation).ConfigureAwait(false) is not { } current
            || current["metadata"] is not JsonObject metadata || (string?)metadata["uid"] != node.Uid)
        {
            return;
        }

        var patch = change(metadata);
        patch["uid"] = node.Uid;
        patch["resourceVersion"] = metadata["resourceVersion"]?.DeepClone();
        try
        {
            await Client.PatchAsync(node.Type, NamespaceOf(node), node.Key.Name, KubePatch.Merge(new() { ["metadata"] = patch }), cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
        }
    }

    private static string? NamespaceOf(GraphNode node) => node.Type.Namespaced ? node.Key.Namespace : null;
}
