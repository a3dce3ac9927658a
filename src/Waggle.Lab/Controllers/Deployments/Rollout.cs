using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Deployments;

/// <summary>A Deployment with its ReplicaSets, and the arithmetic of its strategy. Pure.</summary>
internal sealed class Rollout
{
    internal const string RevisionAnnotation = "deployment.kubernetes.io/revision";
    internal const string HistoryAnnotation = "deployment.kubernetes.io/revision-history";
    internal const string DesiredAnnotation = "deployment.kubernetes.io/desired-replicas";
    internal const string MaxAnnotation = "deployment.kubernetes.io/max-replicas";

    internal Rollout(Deployment deployment, IEnumerable<ReplicaSet> sets)
    {
        Deployment = deployment;
        All = [.. sets.OrderBy(s => s.Metadata.CreationTimestamp).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal)];
        // The oldest of equal templates, so that every sync finds the same one.
        New = All.FirstOrDefault(s => Templates.AreEqual(s.Spec.Template, deployment.Spec.Template));
        Old = [.. All.Where(s => s != New)];
        (MaxSurge, MaxUnavailable) = Limits(deployment.Spec, Replicas);
    }

    internal Deployment Deployment { get; }

    /// <summary>All ReplicaSets, oldest first.</summary>
    internal IReadOnlyList<ReplicaSet> All { get; }

    /// <summary>The one with the present template; null when it does not exist yet.</summary>
    internal ReplicaSet? New { get; }

    internal IReadOnlyList<ReplicaSet> Old { get; }

    internal int Replicas => Deployment.Spec.Replicas ?? 1;

    internal bool IsRecreate => Deployment.Spec.Strategy?.Type == "Recreate";

    /// <summary>Pods allowed above the wanted number.</summary>
    internal int MaxSurge { get; }

    /// <summary>Pods that may be missing below the wanted number.</summary>
    internal int MaxUnavailable { get; }

    internal int MinAvailable => Replicas - MaxUnavailable;

    internal static int Wanted(ReplicaSet set) => set.Spec.Replicas ?? 1;

    internal static int Total(IEnumerable<ReplicaSet> sets) => sets.Sum(Wanted);

    internal static int Available(IEnumerable<ReplicaSet> sets) => sets.Sum(s => s.Status.AvailableReplicas ?? 0);

    internal static long Revision(ObjectMeta metadata) =>
        metadata.Annotations.TryGetValue(RevisionAnnotation, out var text) && long.TryParse(text, out var revision) ? revision : 0;

    /// <summary>What the new ReplicaSet should be scaled to now.</summary>
    internal int NewReplicas(int current)
    {
        if (IsRecreate)
        {
            return Replicas;
        }

        var total = Total(All);
        var room = Replicas + MaxSurge - total;
        return room <= 0 ? current : current + Math.Min(room, Math.Max(Replicas - current, 0));
    }

    /// <summary>
    /// What old ReplicaSets should be scaled to: unhealthy pods go first, as they serve nobody; healthy ones only as far as
    /// enough pods stay available.
    /// </summary>
    internal IReadOnlyDictionary<ReplicaSet, int> OldReplicas(ReplicaSet current)
    {
        var targets = Old.ToDictionary(s => s, Wanted);
        if (targets.Values.Sum() == 0)
        {
            return targets;
        }

        var newUnavailable = Wanted(current) - (current.Status.AvailableReplicas ?? 0);
        var budget = Total(All) - MinAvailable - newUnavailable;
        if (budget <= 0)
        {
            return targets;
        }

        foreach (var set in Old.Where(s => Wanted(s) > 0))
        {
            var unhealthy = Math.Min(budget, Math.Max(Wanted(set) - (set.Status.AvailableReplicas ?? 0), 0));
            targets[set] -= unhealthy;
            budget -= unhealthy;
        }

        var spare = Available(All) - MinAvailable;
        foreach (var set in Old)
        {
            var step = Math.Min(targets[set], spare);
            if (step > 0)
            {
                targets[set] -= step;
                spare -= step;
            }
        }

        return targets;
    }

    /// <summary>Spreads a change of the wanted number over ReplicaSets in the middle of a rollout, in proportion to their sizes.</summary>
    internal IReadOnlyDictionary<ReplicaSet, int> ScaledReplicas()
    {
        var active = All.Where(s => Wanted(s) > 0).ToList();
        if (active.Count <= 1)
        {
            var one = active.FirstOrDefault() ?? New ?? All.MaxBy(s => Revision(s.Metadata));
            return one is null ? new Dictionary<ReplicaSet, int>() : new Dictionary<ReplicaSet, int> { [one] = Replicas };
        }

        if (New is { } saturated && Wanted(saturated) == Replicas && (saturated.Status.AvailableReplicas ?? 0) == Replicas)
        {
            return active.ToDictionary(s => s, s => s == saturated ? Replicas : 0);
        }

        if (IsRecreate)
        {
            return new Dictionary<ReplicaSet, int>();
        }

        var allowed = Replicas > 0 ? Replicas + MaxSurge : 0;
        var toAdd = allowed - Total(active);
        var ordered = toAdd > 0
            ? active.OrderByDescending(Wanted).ThenByDescending(s => s.Metadata.CreationTimestamp)
            : active.OrderByDescending(Wanted).ThenBy(s => s.Metadata.CreationTimestamp);
        var targets = new Dictionary<ReplicaSet, int>();
        var added = 0;
        foreach (var set in ordered)
        {
            var share = toAdd == 0 ? 0 : Proportion(set, allowed, toAdd, added);
            targets[set] = Wanted(set) + share;
            added += share;
        }

        // What rounding left over goes to the largest.
        var largest = targets.Keys.First();
        targets[largest] = Math.Max(targets[largest] + toAdd - added, 0);
        return targets;
    }

    private static int Proportion(ReplicaSet set, int allowed, int toAdd, int added)
    {
        var max = set.Metadata.Annotations.TryGetValue(MaxAnnotation, out var text) && int.TryParse(text, out var annotated) && annotated > 0 ? annotated : allowed;
        var share = (int)Math.Round((double)Wanted(set) * allowed / max, MidpointRounding.AwayFromZero) - Wanted(set);
        var left = toAdd - added;
        return toAdd > 0 ? Math.Min(share, left) : Math.Max(Math.Max(share, left), -Wanted(set));
    }

    private static (int Surge, int Unavailable) Limits(DeploymentSpec spec, int replicas)
    {
        if (spec.Strategy?.Type == "Recreate")
        {
            return (0, 0);
        }

        var surge = (spec.Strategy?.RollingUpdate?.MaxSurge ?? "25%").Of(replicas, roundUp: true);
        var unavailable = (spec.Strategy?.RollingUpdate?.MaxUnavailable ?? "25%").Of(replicas, roundUp: false);
        // Both zero could never make a step.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, Math.Min(unavailable, replicas));
    }
}
