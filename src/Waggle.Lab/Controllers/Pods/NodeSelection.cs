using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Whether a pod's constraints let it on a node: name, labels, affinity, taints.</summary>
internal static class NodeSelection
{
    /// <summary>The node's name, labels and required affinity.</summary>
    internal static bool Selects(this PodSpec pod, Node node)
    {
        if (!string.IsNullOrEmpty(pod.NodeName) && pod.NodeName != node.Metadata.Name)
        {
            return false;
        }

        foreach (var (key, value) in pod.NodeSelector)
        {
            if (node.Metadata.Labels.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        return pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(term => Matches(term, node));
    }

    /// <summary>A term without requirements matches nothing.</summary>
    internal static bool Matches(NodeSelectorTerm term, Node node)
    {
        if (term.MatchExpressions.Count == 0 && term.MatchFields.Count == 0)
        {
            return false;
        }

        var fields = new Dictionary<string, string> { ["metadata.name"] = node.Metadata.Name ?? "" };
        return term.MatchExpressions.All(e => e.Matches(node.Metadata.Labels)) && term.MatchFields.All(f => f.Matches(fields));
    }

    /// <summary>The first taint with one of the effects that none of the tolerations covers; null when there is none.</summary>
    internal static Taint? FirstUntolerated(Node node, IReadOnlyList<Toleration> tolerations, params ReadOnlySpan<string> effects)
    {
        foreach (var taint in node.Spec.Taints)
        {
            if (effects.Contains(taint.Effect) && !tolerations.Any(t => t.Tolerates(taint)))
            {
                return taint;
            }
        }

        return null;
    }
}
