using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Deployments;

/// <summary>Rolls Deployments out: a ReplicaSet per template, scaled against each other as the strategy allows.</summary>
internal sealed partial class DeploymentController : KeyedController
{
    private readonly Informer<Deployment> _deployments;
    private readonly Informer<ReplicaSet> _sets;
    private readonly PodIndex _pods = new();

    internal DeploymentController(ControllerContext context)
        : base(context, "deployment")
    {
        _deployments = Watch(KubeTypes.Deployments, change => Queue.Add(change.Object.Key));
        _sets = Watch(KubeTypes.ReplicaSets, SetChanged);
        Watch(KubeTypes.Pods, PodChanged);
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_deployments.Find(key) is not { Spec: { Selector: { } selector, Template: not null } } deployment)
        {
            return;
        }

        var rollout = new Rollout(deployment, await ClaimAsync(deployment, selector, cancellation).ConfigureAwait(false));
        if (deployment.Metadata.DeletionTimestamp is not null)
        {
            await WriteStatusAsync(rollout, rollout.New, cancellation).ConfigureAwait(false);
            return;
        }

        if (await NotePausedAsync(deployment, cancellation).ConfigureAwait(false))
        {
            return;
        }

        ReplicaSet? current;
        if (deployment.Spec.Paused == true || IsScaling(rollout))
        {
            current = rollout.New;
            await ScaleAllAsync(rollout, rollout.ScaledReplicas(), cancellation).ConfigureAwait(false);
            if (deployment.Spec.Paused == true && rollout.Old.All(s => Rollout.Wanted(s) == 0))
            {
                await CleanUpAsync(rollout, cancellation).ConfigureAwait(false);
            }
        }
        else if (rollout.IsRecreate)
        {
            current = await RecreateAsync(rollout, cancellation).ConfigureAwait(false);
        }
        else
        {
            current = await RollAsync(rollout, cancellation).ConfigureAwait(false);
        }

        var status = await WriteStatusAsync(rollout, current, cancellation).ConfigureAwait(false);
        if (RolloutStatus.Deadline(deployment, status) is { } deadline)
        {
            Queue.AddAfter(key, deadline - Now + TimeSpan.FromSeconds(1));
        }
    }

    private void SetChanged(InformerChange<ReplicaSet> change)
    {
        foreach (var set in new[] { change.Old, change.New })
        {
            if (set?.Metadata.ControllerOwner() is { Kind: "Deployment" } owner)
            {
                Queue.Add(new(set.Metadata.Namespace ?? "", owner.Name));
            }
            else if (set is not null && set.Metadata.ControllerOwner() is null && !change.IsDeleted)
            {
                foreach (var deployment in _deployments.Objects.Values.Where(d => d.Metadata.Namespace == set.Metadata.Namespace && d.Spec.Selector?.Matches(set.Metadata.Labels) == true))
                {
                    Queue.Add(deployment.Key);
                }
            }
        }
    }

    /// <summary>A Recreate rollout waits for the last old pod to be gone, which no ReplicaSet's status tells.</summary>
    private void PodChanged(InformerChange<Pod> change)
    {
        _pods.Apply(change);
        if (change.IsDeleted && change.Object.Metadata.ControllerOwner() is { Kind: "ReplicaSet" } owner
            && _sets.Find(change.Object.Metadata.Namespace, owner.Name)?.Metadata.ControllerOwner() is { Kind: "Deployment" } deployment)
        {
            Queue.Add(new(change.Object.Metadata.Namespace ?? "", deployment.Name));
        }
    }

    /// <summary>The Deployment's ReplicaSets: owned ones, and matching ones without an owner, which are adopted.</summary>
    private async Task<List<ReplicaSet>> ClaimAsync(Deployment deployment, LabelSelector selector, CancellationToken cancellation)
    {
        var result = new List<ReplicaSet>();
        foreach (var set in _sets.Objects.Values.Where(s => s.Metadata.Namespace == deployment.Metadata.Namespace))
        {
            var owner = set.Metadata.ControllerOwner();
            var matches = selector.Matches(set.Metadata.Labels);
            if (owner?.Uid == deployment.Metadata.Uid && matches)
            {
                result.Add(set);
            }
            else if (deployment.Metadata.DeletionTimestamp is null && owner?.Uid == deployment.Metadata.Uid)
            {
                await PatchOwnersAsync(set, [.. set.Metadata.OwnerReferences.Where(o => o.Uid != deployment.Metadata.Uid)], cancellation).ConfigureAwait(false);
            }
            else if (deployment.Metadata.DeletionTimestamp is null && owner is null && matches && set.Metadata.DeletionTimestamp is null)
            {
                result.Add(await PatchOwnersAsync(set, [.. set.Metadata.OwnerReferences, KubeTypes.Deployments.Owner(deployment)], cancellation).ConfigureAwait(false));
            }
        }

        return result;
    }

    private Task<ReplicaSet> PatchOwnersAsync(ReplicaSet set, IEnumerable<OwnerReference> owners, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = set.Metadata.Uid,
                ["resourceVersion"] = set.Metadata.ResourceVersion,
                ["ownerReferences"] = new JsonArray([.. owners.Select(Templates.ToJson)]),
            },
        };
        return Client.PatchAsync(KubeTypes.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation);
    }

    /// <summary>Says in the status that the rollout was paused or resumed; true when it had to (the change brings the key back).</summary>
    private async Task<bool> NotePausedAsync(Deployment deployment, CancellationToken cancellation)
    {
        if (deployment.Spec.ProgressDeadlineSeconds == int.MaxValue)
        {
            return false;
        }

        var reason = deployment.Status.Conditions.Find(RolloutStatus.Progressing)?.Reason;
        if (reason == RolloutStatus.TimedOut)
        {
            return false;
        }

        var next = deployment.Spec.Paused == true && reason != "DeploymentPaused"
            ? RolloutStatus.New(RolloutStatus.Progressing, "Unknown", "DeploymentPaused", "Deployment is paused", Now)
            : deployment.Spec.Paused != true && reason == "DeploymentPaused"
                ? RolloutStatus.New(RolloutStatus.Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed", Now)
                : null;
        if (next is null)
        {
            return false;
        }

        await PatchStatusAsync(deployment, deployment.Status with { Conditions = deployment.Status.Conditions.With(next) }, cancellation).ConfigureAwait(false);
        return true;
    }

    /// <summary>The wanted number changed while ReplicaSets still carry the former one.</summary>
    private static bool IsScaling(Rollout rollout) => (!rollout.IsRecreate || rollout.All.Count(s => Rollout.Wanted(s) > 0) <= 1) && rollout.All.Any(s =>
        Rollout.Wanted(s) > 0
        && s.Metadata.Annotations.TryGetValue(Rollout.DesiredAnnotation, out var desired)
        && desired != rollout.Replicas.ToString(CultureInfo.InvariantCulture));

    private async Task<DeploymentStatus> WriteStatusAsync(Rollout rollout, ReplicaSet? current, CancellationToken cancellation)
    {
        var status = RolloutStatus.Of(rollout, current, Now);
        if (!Same(rollout.Deployment.Status, status))
        {
            await PatchStatusAsync(rollout.Deployment, status, cancellation).ConfigureAwait(false);
        }

        return status;
    }

    private Task PatchStatusAsync(Deployment deployment, DeploymentStatus status, CancellationToken cancellation)
    {
        var json = KubeJson.ToJson(status);
        json["conditions"] ??= new JsonArray();
        // The status was computed from this version: conditions that somebody wrote since must not be overrun.
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = deployment.Metadata.ResourceVersion }, ["status"] = json };
        return Client.PatchAsync(KubeTypes.Deployments, deployment.Metadata.Namespace, deployment.Metadata.Name!, KubePatch.Merge(patch), null, "status", cancellation);
    }

    private static bool Same(DeploymentStatus a, DeploymentStatus b) =>
        a.ObservedGeneration == b.ObservedGeneration && a.Replicas == b.Replicas && a.UpdatedReplicas == b.UpdatedReplicas && a.ReadyReplicas == b.ReadyReplicas
        && a.AvailableReplicas == b.AvailableReplicas && a.UnavailableReplicas == b.UnavailableReplicas && a.CollisionCount == b.CollisionCount
        && (ReferenceEquals(a.Conditions, b.Conditions) || a.Conditions.SequenceEqual(b.Conditions));
}
