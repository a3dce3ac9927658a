using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.ReplicaSets;

/// <summary>Keeps as many pods of a template as a ReplicaSet wants.</summary>
internal sealed class ReplicaSetController : KeyedController
{
    private const int MaxBurst = 500;
    private readonly Informer<ReplicaSet> _sets;
    private readonly PodIndex _pods = new();
    private readonly Expectations _expectations;
    private readonly PodControl _control;

    internal ReplicaSetController(ControllerContext context)
        : base(context, "replicaset")
    {
        _expectations = new(context.Time);
        _control = new(Client, Events, _expectations);
        _sets = Watch(KubeTypes.ReplicaSets, change => Queue.Add(change.Object.Key));
        Watch(KubeTypes.Pods, PodChanged);
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_sets.Find(key) is not { } set)
        {
            _expectations.Forget(key);
            return;
        }

        if (set.Spec.Selector is not { } selector || set.Spec.Template is not { } template)
        {
            return;
        }

        var met = _expectations.AreMet(key);
        var deleting = set.Metadata.DeletionTimestamp is not null;
        var claimed = await _control.ClaimAsync(
            _pods.OwnedBy(set.Metadata.Uid ?? ""), _pods.Orphans(key.Namespace), selector, KubeTypes.ReplicaSets.Owner(set), mayAdopt: !deleting, cancellation).ConfigureAwait(false);
        var pods = claimed.Where(p => p.IsActive()).ToList();
        KubeApiException? failure = null;
        if (met && !deleting)
        {
            try
            {
                await ManageAsync(set, template, pods, cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e)
            {
                failure = e;
            }
        }

        await WriteStatusAsync(set, StatusOf(set, pods, failure), cancellation).ConfigureAwait(false);
        if (pods.UntilAvailable(set.Spec.MinReadySeconds ?? 0, Now) is { } wait)
        {
            Queue.AddAfter(key, wait);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private void PodChanged(InformerChange<Pod> change)
    {
        _pods.Apply(change);
        var pod = change.Object;
        var owner = pod.Metadata.ControllerOwner();
        if (change.Old?.Metadata.ControllerOwner() is { Kind: "ReplicaSet" } before && before.Uid != owner?.Uid)
        {
            Queue.Add(new(pod.Metadata.Namespace ?? "", before.Name));
        }

        if (owner is { Kind: "ReplicaSet" })
        {
            var key = new ObjectKey(pod.Metadata.Namespace ?? "", owner.Name);
            _expectations.Observe(key, change);
            Queue.Add(key);
        }
        else if (owner is null && !change.IsDeleted)
        {
            // Somebody may want to adopt it.
            foreach (var set in _sets.Objects.Values.Where(s => s.Metadata.Namespace == pod.Metadata.Namespace && s.Spec.Selector?.Matches(pod.Metadata.Labels) == true))
            {
                Queue.Add(set.Key);
            }
        }
    }

    private async Task ManageAsync(ReplicaSet set, PodTemplate template, List<Pod> pods, CancellationToken cancellation)
    {
        var wanted = set.Spec.Replicas ?? 1;
        var about = KubeTypes.ReplicaSets.Reference(set);
        if (pods.Count < wanted)
        {
            var reference = KubeTypes.ReplicaSets.Owner(set);
            await _control.CreateManyAsync(
                Math.Min(wanted - pods.Count, MaxBurst), set.Key, about, _ => Templates.MakePod(template, set.Metadata, reference), cancellation).ConfigureAwait(false);
        }
        else if (pods.Count > wanted)
        {
            var doomed = pods.Order(new DeletionOrder(Neighbours(set, pods))).Take(Math.Min(pods.Count - wanted, MaxBurst));
            await _control.DeleteManyAsync(doomed.ToList(), set.Key, about, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>How many active pods of the same Deployment share each pod's node.</summary>
    private Dictionary<ObjectKey, int> Neighbours(ReplicaSet set, List<Pod> pods)
    {
        var deployment = set.Metadata.ControllerOwner()?.Uid;
        var family = deployment is null
            ? pods
            : _sets.Objects.Values.Where(s => s.Metadata.ControllerOwner()?.Uid == deployment).SelectMany(s => _pods.OwnedBy(s.Metadata.Uid ?? "")).Where(p => p.IsActive()).ToList();
        var perNode = family.Where(p => p.Spec.NodeName is not null).CountBy(p => p.Spec.NodeName!).ToDictionary();
        return pods.ToDictionary(p => p.Key, p => p.Spec.NodeName is { } node ? perNode.GetValueOrDefault(node) : 0);
    }

    private ReplicaSetStatus StatusOf(ReplicaSet set, List<Pod> pods, KubeApiException? failure)
    {
        var labels = set.Spec.Template!.Metadata.Labels;
        var conditions = failure is null
            ? set.Status.Conditions.Without("ReplicaFailure")
            : set.Status.Conditions.With(new()
            {
                Type = "ReplicaFailure",
                Status = "True",
                Reason = pods.Count < (set.Spec.Replicas ?? 1) ? "FailedCreate" : "FailedDelete",
                Message = failure.Status?.Message ?? failure.Message,
                LastTransitionTime = Now,
            });
        return new()
        {
            Replicas = pods.Count,
            FullyLabeledReplicas = pods.Count(p => labels.All(l => p.Metadata.Labels.GetValueOrDefault(l.Key) == l.Value)),
            ReadyReplicas = pods.Count(p => p.IsReady()),
            AvailableReplicas = pods.Count(p => p.IsAvailable(set.Spec.MinReadySeconds ?? 0, Now)),
            ObservedGeneration = set.Metadata.Generation,
            Conditions = conditions,
        };
    }

    private async Task WriteStatusAsync(ReplicaSet set, ReplicaSetStatus status, CancellationToken cancellation)
    {
        var old = set.Status;
        if (old.Replicas == status.Replicas && (old.FullyLabeledReplicas ?? 0) == status.FullyLabeledReplicas && (old.ReadyReplicas ?? 0) == status.ReadyReplicas
            && (old.AvailableReplicas ?? 0) == status.AvailableReplicas && old.ObservedGeneration == status.ObservedGeneration && ReferenceEquals(old.Conditions, status.Conditions))
        {
            return;
        }

        var patch = new JsonObject { ["status"] = KubeJson.ToJson(status) };
        patch["status"]!["conditions"] ??= new JsonArray();
        await Client.PatchAsync(KubeTypes.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(patch), null, "status", cancellation).ConfigureAwait(false);
    }
}
