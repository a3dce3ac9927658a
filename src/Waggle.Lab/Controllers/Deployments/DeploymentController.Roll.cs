using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Deployments;

internal sealed partial class DeploymentController
{
    /// <summary>One step of a rolling update: (1) the new ReplicaSet grows as the surge allows, else (2) old ones shrink, else (3) tidy up.</summary>
    private async Task<ReplicaSet?> RollAsync(Rollout rollout, CancellationToken cancellation)
    {
        var current = await CurrentAsync(rollout, cancellation).ConfigureAwait(false);
        if (current is null)
        {
            return null;
        }

        // A set that was just made is in no informer yet; its event brings the key back.
        if (rollout.New is null)
        {
            return current;
        }

        var wanted = Rollout.Wanted(current);
        var target = wanted > rollout.Replicas ? rollout.Replicas : rollout.NewReplicas(wanted);
        if (target != wanted)
        {
            return await ScaleAsync(rollout, current, target, cancellation).ConfigureAwait(false);
        }

        var old = rollout.OldReplicas(current).Where(t => Rollout.Wanted(t.Key) != t.Value).ToList();
        if (old.Count > 0)
        {
            await ScaleAllAsync(rollout, old.ToDictionary(), cancellation).ConfigureAwait(false);
        }
        else if (rollout.Old.All(s => Rollout.Wanted(s) == 0) && (current.Status.AvailableReplicas ?? 0) == rollout.Replicas)
        {
            await CleanUpAsync(rollout, cancellation).ConfigureAwait(false);
        }

        return current;
    }

    /// <summary>Old pods end before the first new one starts.</summary>
    private async Task<ReplicaSet?> RecreateAsync(Rollout rollout, CancellationToken cancellation)
    {
        var running = rollout.Old.Where(s => Rollout.Wanted(s) > 0).ToList();
        if (running.Count > 0)
        {
            await ScaleAllAsync(rollout, running.ToDictionary(s => s, _ => 0), cancellation).ConfigureAwait(false);
            return rollout.New;
        }

        if (rollout.Old.Any(s => _pods.OwnedBy(s.Metadata.Uid ?? "").Any(p => !p.IsFinished())))
        {
            return rollout.New;
        }

        var current = await CurrentAsync(rollout, cancellation).ConfigureAwait(false);
        if (current is not null && rollout.New is not null)
        {
            current = await ScaleAsync(rollout, current, rollout.Replicas, cancellation).ConfigureAwait(false);
            if ((current.Status.AvailableReplicas ?? 0) == rollout.Replicas)
            {
                await CleanUpAsync(rollout, cancellation).ConfigureAwait(false);
            }
        }

        return current;
    }

    /// <summary>The ReplicaSet of the present template, made when missing, with its revision up to date. Null when the name collided.</summary>
    private async Task<ReplicaSet?> CurrentAsync(Rollout rollout, CancellationToken cancellation)
    {
        var revision = rollout.Old.Select(s => Rollout.Revision(s.Metadata)).DefaultIfEmpty(0).Max() + 1;
        var current = rollout.New is { } existing
            ? await UpdateAsync(rollout, existing, Math.Max(revision, Rollout.Revision(existing.Metadata)), cancellation).ConfigureAwait(false)
            : await MakeAsync(rollout, revision, cancellation).ConfigureAwait(false);
        if (current is not null && Rollout.Revision(rollout.Deployment.Metadata) != Rollout.Revision(current.Metadata))
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Rollout.RevisionAnnotation] = current.Metadata.Annotations[Rollout.RevisionAnnotation] } } };
            await Client.PatchAsync(
                KubeTypes.Deployments, rollout.Deployment.Metadata.Namespace, rollout.Deployment.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
        }

        return current;
    }

    private async Task<ReplicaSet> UpdateAsync(Rollout rollout, ReplicaSet set, long revision, CancellationToken cancellation)
    {
        var annotations = Annotations(rollout, set, revision);
        var changed = annotations.Where(a => set.Metadata.Annotations.GetValueOrDefault(a.Key) != a.Value).ToList();
        var minReady = rollout.Deployment.Spec.MinReadySeconds ?? 0;
        if (changed.Count == 0 && (set.Spec.MinReadySeconds ?? 0) == minReady)
        {
            return set;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject(changed.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))) },
            ["spec"] = new JsonObject { ["minReadySeconds"] = minReady },
        };
        return await Client.PatchAsync(KubeTypes.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
    }

    private async Task<ReplicaSet?> MakeAsync(Rollout rollout, long revision, CancellationToken cancellation)
    {
        var deployment = rollout.Deployment;
        var template = deployment.Spec.Template!;
        var hash = Templates.Hash(template, deployment.Status.CollisionCount ?? 0);
        var labels = new Dictionary<string, string>(template.Metadata.Labels) { [Templates.HashLabel] = hash };
        var selector = deployment.Spec.Selector!;
        var replicas = rollout.NewReplicas(0);
        var set = new ReplicaSet
        {
            Metadata = new()
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                Namespace = deployment.Metadata.Namespace,
                Labels = labels,
                Annotations = Annotations(rollout, null, revision),
                OwnerReferences = [KubeTypes.Deployments.Owner(deployment)],
            },
            Spec = new()
            {
                Replicas = replicas,
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = selector with { MatchLabels = new Dictionary<string, string>(selector.MatchLabels) { [Templates.HashLabel] = hash } },
                Template = Templates.ToTemplate(Templates.WithLabel(template, Templates.HashLabel, hash)),
            },
        };
        try
        {
            var made = await Client.CreateAsync(KubeTypes.ReplicaSets, set, cancellation: cancellation).ConfigureAwait(false);
            if (replicas > 0)
            {
                await TellAsync(deployment, "up", made.Metadata.Name!, 0, replicas, cancellation).ConfigureAwait(false);
            }

            return made;
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            await ResolveCollisionAsync(deployment, set, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (KubeApiException e) when (!e.IsUnreachable)
        {
            var condition = RolloutStatus.New(RolloutStatus.Progressing, "False", "ReplicaSetCreateError", $"Failed to create new replica set \"{set.Metadata.Name}\": {e.Status?.Message}", Now);
            await PatchStatusAsync(deployment, deployment.Status with { Conditions = deployment.Status.Conditions.With(condition) }, cancellation).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The name is taken: by our own set that the informer does not show yet, or by another template with the same hash.</summary>
    private async Task ResolveCollisionAsync(Deployment deployment, ReplicaSet wanted, CancellationToken cancellation)
    {
        var existing = await Client.TryGetAsync(KubeTypes.ReplicaSets, wanted.Metadata.Namespace, wanted.Metadata.Name!, cancellation).ConfigureAwait(false);
        if (existing is null || (existing.Metadata.ControllerOwner()?.Uid == deployment.Metadata.Uid && Templates.AreEqual(existing.Spec.Template, wanted.Spec.Template)))
        {
            Queue.AddAfter(deployment.Key, TimeSpan.FromMilliseconds(200));
            return;
        }

        await PatchStatusAsync(deployment, deployment.Status with { CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1 }, cancellation).ConfigureAwait(false);
    }

    private static Dictionary<string, string> Annotations(Rollout rollout, ReplicaSet? set, long revision)
    {
        var result = new Dictionary<string, string>();
        foreach (var (key, value) in rollout.Deployment.Metadata.Annotations)
        {
            if (key is not ("kubectl.kubernetes.io/last-applied-configuration" or Rollout.RevisionAnnotation or Rollout.HistoryAnnotation or Rollout.DesiredAnnotation or Rollout.MaxAnnotation))
            {
                result[key] = value;
            }
        }

        result[Rollout.RevisionAnnotation] = revision.ToString(CultureInfo.InvariantCulture);
        result[Rollout.DesiredAnnotation] = rollout.Replicas.ToString(CultureInfo.InvariantCulture);
        result[Rollout.MaxAnnotation] = (rollout.Replicas + rollout.MaxSurge).ToString(CultureInfo.InvariantCulture);
        if (set is not null && Rollout.Revision(set.Metadata) is var before and not 0 && before != revision)
        {
            // A rollback brings an old set to the front: it remembers its former numbers.
            var history = set.Metadata.Annotations.GetValueOrDefault(Rollout.HistoryAnnotation);
            result[Rollout.HistoryAnnotation] = history is null ? $"{before}" : $"{history},{before}";
        }

        return result;
    }

    private async Task ScaleAllAsync(Rollout rollout, IReadOnlyDictionary<ReplicaSet, int> targets, CancellationToken cancellation)
    {
        foreach (var (set, target) in targets)
        {
            await ScaleAsync(rollout, set, target, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<ReplicaSet> ScaleAsync(Rollout rollout, ReplicaSet set, int replicas, CancellationToken cancellation)
    {
        var desired = rollout.Replicas.ToString(CultureInfo.InvariantCulture);
        var max = (rollout.Replicas + rollout.MaxSurge).ToString(CultureInfo.InvariantCulture);
        var before = Rollout.Wanted(set);
        if (before == replicas && set.Metadata.Annotations.GetValueOrDefault(Rollout.DesiredAnnotation) == desired && set.Metadata.Annotations.GetValueOrDefault(Rollout.MaxAnnotation) == max)
        {
            return set;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                // Another writer's change since our look must not be overrun: the budget was computed from it.
                ["resourceVersion"] = set.Metadata.ResourceVersion,
                ["annotations"] = new JsonObject { [Rollout.DesiredAnnotation] = desired, [Rollout.MaxAnnotation] = max },
            },
            ["spec"] = new JsonObject { ["replicas"] = replicas },
        };
        var scaled = await Client.PatchAsync(KubeTypes.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
        if (before != replicas)
        {
            await TellAsync(rollout.Deployment, replicas > before ? "up" : "down", set.Metadata.Name!, before, replicas, cancellation).ConfigureAwait(false);
        }

        return scaled;
    }

    private Task TellAsync(Deployment deployment, string direction, string set, int from, int to, CancellationToken cancellation) =>
        Events.NormalAsync(KubeTypes.Deployments.Reference(deployment), "ScalingReplicaSet", $"Scaled {direction} replica set {set} from {from} to {to}", cancellation);

    /// <summary>Deletes the oldest ReplicaSets beyond the history limit; only those that are empty and not being used.</summary>
    private async Task CleanUpAsync(Rollout rollout, CancellationToken cancellation)
    {
        var surplus = rollout.Old.Count - (rollout.Deployment.Spec.RevisionHistoryLimit ?? 10);
        foreach (var set in rollout.Old.OrderBy(s => Rollout.Revision(s.Metadata)).Take(Math.Max(surplus, 0)))
        {
            if (set.Status.Replicas == 0 && Rollout.Wanted(set) == 0 && set.Metadata.DeletionTimestamp is null && (set.Metadata.Generation ?? 0) <= (set.Status.ObservedGeneration ?? 0))
            {
                await Client.TryDeleteAsync(KubeTypes.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name!, cancellation: cancellation).ConfigureAwait(false);
            }
        }
    }
}
