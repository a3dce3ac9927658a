using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Scheduling;

/// <summary>Whether a pod may run on a node: selector, required affinity, taints, cordon, room. Pure.</summary>
internal static class NodeFit
{
    /// <summary>Null when it fits; otherwise the reason as kubectl's users know it.</summary>
    public static string? Refuse(Pod pod, Node node, int podsOnNode)
    {
        if (node.Spec.Unschedulable == true)
        {
            return "node(s) were unschedulable";
        }

        if (!pod.Spec.Selects(node))
        {
            return "node(s) didn't match Pod's node affinity/selector";
        }

        var taint = node.Spec.Taints.FirstOrDefault(taint => taint.Effect is "NoSchedule" or "NoExecute" && !pod.Spec.Tolerations.Any(t => t.Tolerates(taint)));
        if (taint is not null)
        {
            return $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
        }

        if (node.Status.Allocatable.TryGetValue("pods", out var room) && int.TryParse(room, out var most) && podsOnNode >= most)
        {
            return "Too many pods";
        }

        return null;
    }

    /// <summary>Whether the difference between two versions of a node can matter to <see cref="Refuse"/>.</summary>
    public static bool SameForScheduling(Node a, Node b) =>
        a.Spec.Unschedulable == b.Spec.Unschedulable
        && a.Spec.Taints.SequenceEqual(b.Spec.Taints)
        && a.Metadata.Labels.Count == b.Metadata.Labels.Count && !a.Metadata.Labels.Except(b.Metadata.Labels).Any()
        && a.Status.Allocatable.Count == b.Status.Allocatable.Count && !a.Status.Allocatable.Except(b.Status.Allocatable).Any();
}
