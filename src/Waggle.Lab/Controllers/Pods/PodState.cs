using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>How a pod stands, as controllers judge it.</summary>
internal static class PodState
{
    /// <summary>Neither finished nor being deleted.</summary>
    internal static bool IsActive(this Pod pod) => !pod.IsFinished() && !pod.IsTerminating();

    internal static bool IsFinished(this Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    internal static bool IsTerminating(this Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    internal static bool IsReady(this Pod pod) => ReadyCondition(pod)?.Status == "True";

    /// <summary>Ready for at least so many seconds.</summary>
    internal static bool IsAvailable(this Pod pod, int minReadySeconds, DateTimeOffset now) =>
        ReadyCondition(pod) is { Status: "True" } ready && (minReadySeconds == 0 || (ready.LastTransitionTime is { } since && since.AddSeconds(minReadySeconds) <= now));

    /// <summary>Since when the pod is ready; null when it is not.</summary>
    internal static DateTimeOffset? ReadySince(this Pod pod) => ReadyCondition(pod) is { Status: "True" } ready ? ready.LastTransitionTime : null;

    /// <summary>How long until the next of these becomes available by the mere passing of time, and a moment; null: none will.</summary>
    internal static TimeSpan? UntilAvailable(this IEnumerable<Pod> pods, int minReadySeconds, DateTimeOffset now) =>
        minReadySeconds > 0 && pods.Where(p => !p.IsAvailable(minReadySeconds, now)).Select(p => p.ReadySince()).Min() is { } since
            ? since.AddSeconds(minReadySeconds) - now + TimeSpan.FromMilliseconds(100) : null;

    internal static int Restarts(this Pod pod) => pod.Status.ContainerStatuses.Select(c => c.RestartCount).DefaultIfEmpty(0).Max();

    private static Condition? ReadyCondition(Pod pod) => pod.Status.Conditions.FirstOrDefault(c => c.Type == "Ready");
}

/// <summary>Which pods to delete first when there are too many: what costs least goes first.</summary>
internal sealed class DeletionOrder(IReadOnlyDictionary<ObjectKey, int> neighbours) : IComparer<Pod>
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    public int Compare(Pod? x, Pod? y)
    {
        // (1) not on a node, (2) not running, (3) not ready, (4) lower cost annotation, (5) more of its kind on the node,
        // (6) ready for a shorter time, (7) more restarts, (8) younger.
        int result;
        return (result = (x!.Spec.NodeName is not null).CompareTo(y!.Spec.NodeName is not null)) != 0
            || (result = Phase(x).CompareTo(Phase(y))) != 0
            || (result = x.IsReady().CompareTo(y.IsReady())) != 0
            || (result = Cost(x).CompareTo(Cost(y))) != 0
            || (result = neighbours.GetValueOrDefault(y.Key).CompareTo(neighbours.GetValueOrDefault(x.Key))) != 0
            || (result = Nullable.Compare(y.ReadySince(), x.ReadySince())) != 0
            || (result = y.Restarts().CompareTo(x.Restarts())) != 0
            || (result = Nullable.Compare(y.Metadata.CreationTimestamp, x.Metadata.CreationTimestamp)) != 0
                ? result
                : x.Key.CompareTo(y.Key);
    }

    private static int Phase(Pod pod) => pod.Status.Phase switch { "Running" => 2, "Unknown" => 1, _ => 0 };

    private static int Cost(Pod pod) => pod.Metadata.Annotations.TryGetValue(DeletionCost, out var text) && int.TryParse(text, out var cost) ? cost : 0;
}
