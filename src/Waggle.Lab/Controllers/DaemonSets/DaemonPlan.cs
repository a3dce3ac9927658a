using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.DaemonSets;

/// <summary>What to create and delete now, and the numbers of the status. Pure.</summary>
internal sealed class DaemonPlan
{
    private readonly DaemonSet _set;
    private readonly string _hash;
    private readonly DateTimeOffset _now;
    private readonly int _minReady;
    private readonly List<(Node Node, bool Run, List<Pod> Pods)> _nodes = [];

    internal DaemonPlan(DaemonSet set, IEnumerable<Node> nodes, IEnumerable<Pod> pods, string hash, DateTimeOffset now)
    {
        _set = set;
        _hash = hash;
        _now = now;
        _minReady = set.Spec.MinReadySeconds ?? 0;
        var byNode = pods.ToLookup(p => p.Spec.NodeName ?? "");
        foreach (var node in nodes.OrderBy(n => n.Metadata.Name, StringComparer.Ordinal))
        {
            var (run, stay) = DaemonPods.Belongs(set.Spec.Template!, node);
            List<Pod> here = [.. byNode[node.Metadata.Name ?? ""].OrderBy(p => p.Metadata.CreationTimestamp).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)];
            _nodes.Add((node, run, here));
            PlanNode(node, run, stay, here);
        }

        if (set.Spec.UpdateStrategy?.Type != "OnDelete")
        {
            PlanUpdate();
        }
    }

    /// <summary>Names of the nodes that need a pod.</summary>
    internal List<string> Create { get; } = [];

    internal List<Pod> Delete { get; } = [];

    /// <summary>Pods that failed: deleted so that a new one comes, but with back-off.</summary>
    internal List<Pod> Failed { get; } = [];

    internal DaemonSetStatus Status()
    {
        int desired = 0, current = 0, misscheduled = 0, ready = 0, updated = 0, available = 0;
        foreach (var (_, run, pods) in _nodes)
        {
            if (!run)
            {
                misscheduled += pods.Any(p => p.IsActive()) ? 1 : 0;
                continue;
            }

            desired++;
            var live = pods.Where(p => !p.IsTerminating()).ToList();
            current += pods.Count > 0 ? 1 : 0;
            ready += live.Any(p => p.IsReady()) ? 1 : 0;
            available += live.Any(p => p.IsAvailable(_minReady, _now)) ? 1 : 0;
            updated += live.Any(IsUpdated) ? 1 : 0;
        }

        return new()
        {
            DesiredNumberScheduled = desired,
            CurrentNumberScheduled = current,
            NumberMisscheduled = misscheduled,
            NumberReady = ready,
            UpdatedNumberScheduled = updated,
            NumberAvailable = available,
            NumberUnavailable = desired - available,
            ObservedGeneration = _set.Metadata.Generation,
            CollisionCount = _set.Status.CollisionCount,
        };
    }

    private bool IsUpdated(Pod pod) => pod.Metadata.Labels.GetValueOrDefault(DaemonPods.HashLabel) == _hash;

    private void PlanNode(Node node, bool run, bool stay, List<Pod> pods)
    {
        if (!stay)
        {
            Delete.AddRange(pods.Where(p => !p.IsTerminating()));
            return;
        }

        Failed.AddRange(pods.Where(p => p.IsFinished() && !p.IsTerminating()));
        var active = pods.Where(p => p.IsActive()).ToList();
        if (active.Count == 0)
        {
            // A pod that is ending still holds the node's ports and files: its successor waits.
            if (run && pods.Count == 0)
            {
                Create.Add(node.Metadata.Name!);
            }

            return;
        }

        if (MaxSurge > 0 && active.Any(IsUpdated))
        {
            // The old one may go once its successor serves (or when it served nobody anyway).
            var served = active.Any(p => IsUpdated(p) && p.IsAvailable(_minReady, _now));
            Delete.AddRange(active.Where(p => !IsUpdated(p) && (served || !p.IsAvailable(_minReady, _now))));
            Delete.AddRange(active.Where(IsUpdated).Skip(1));
        }
        else
        {
            Delete.AddRange(active.Skip(1));
        }
    }

    private int Desired => _nodes.Count(n => n.Run);

    private int MaxSurge => (_set.Spec.UpdateStrategy?.RollingUpdate?.MaxSurge ?? 0).Of(Desired, roundUp: true);

    private int MaxUnavailable => (_set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable ?? 1).Of(Desired, roundUp: true);

    /// <summary>Replaces pods of a former template, as many at a time as may be missing (or may be extra).</summary>
    private void PlanUpdate()
    {
        var old = _nodes.Where(n => n.Run).Select(n => (n.Node, Pods: n.Pods.Where(p => p.IsActive()).ToList())).Where(n => n.Pods.Count > 0 && !n.Pods.Any(IsUpdated)).ToList();
        if (MaxSurge > 0)
        {
            var extra = _nodes.Count(n => n.Run && n.Pods.Count(p => p.IsActive()) > 1);
            Create.AddRange(old.Take(Math.Max(MaxSurge - extra, 0)).Select(n => n.Node.Metadata.Name!));
            return;
        }

        var serving = _nodes.Count(n => n.Run && n.Pods.Any(p => p.IsActive() && p.IsAvailable(_minReady, _now)));
        var budget = Math.Max(MaxUnavailable, MaxSurge == 0 ? 1 : 0) - (Desired - serving);
        foreach (var pod in old.SelectMany(n => n.Pods).Where(p => !Delete.Contains(p)).OrderBy(p => p.IsAvailable(_minReady, _now)))
        {
            // One that does not serve costs nothing.
            if (!pod.IsAvailable(_minReady, _now))
            {
                Delete.Add(pod);
            }
            else if (budget > 0)
            {
                budget--;
                Delete.Add(pod);
            }
        }
    }
}
