using System.Globalization;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Scheduling;

/// <summary>The nodes and the pods on them at one moment, and the choice of a node for one more pod. Pure.</summary>
internal sealed class Placement
{
    private readonly IReadOnlyList<Node> _nodes;
    private readonly ILookup<string, Pod> _pods;

    /// <param name="nodes">All nodes.</param>
    /// <param name="pods">All pods.</param>
    /// <param name="bound">Pods (by uid) that were bound to a node although <paramref name="pods"/> does not show it yet.</param>
    public Placement(IEnumerable<Node> nodes, IEnumerable<Pod> pods, IReadOnlyDictionary<string, string> bound)
    {
        _nodes = [.. nodes.OrderBy(node => node.Metadata.Name, StringComparer.Ordinal)];
        _pods = pods.Where(pod => pod.Status.Phase is not ("Succeeded" or "Failed"))
            .ToLookup(pod => !string.IsNullOrEmpty(pod.Spec.NodeName) ? pod.Spec.NodeName : bound.GetValueOrDefault(pod.Metadata.Uid ?? "", ""));
    }

    /// <summary>The node's name, or null and the reason in the words of Kubernetes' scheduler.</summary>
    public (string? Node, string Reason) Choose(Pod pod)
    {
        var refusals = new Dictionary<string, int>();
        List<Node> fitting = [];
        foreach (var node in _nodes)
        {
            if (NodeFit.Refuse(pod, node, _pods[node.Metadata.Name ?? ""].Count()) is { } refusal)
            {
                refusals[refusal] = refusals.GetValueOrDefault(refusal) + 1;
            }
            else
            {
                fitting.Add(node);
            }
        }

        foreach (var constraint in pod.Spec.TopologySpreadConstraints.Where(c => c.WhenUnsatisfiable == "DoNotSchedule"))
        {
            var before = fitting.Count;
            fitting = Spread(pod, constraint, fitting);
            if (before > fitting.Count)
            {
                refusals["node(s) didn't match pod topology spread constraints"] = before - fitting.Count;
            }
        }

        foreach (var term in pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
        {
            var before = fitting.Count;
            fitting.RemoveAll(node => InDomain(node, term.TopologyKey).Any(other => Selects(term, pod, other)));
            if (before > fitting.Count)
            {
                refusals["node(s) didn't match pod anti-affinity rules"] = before - fitting.Count;
            }
        }

        if (fitting.Count == 0)
        {
            var reasons = string.Join(", ", refusals.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Value} {r.Key}"));
            return (null, string.Create(CultureInfo.InvariantCulture, $"0/{_nodes.Count} nodes are available: {(reasons.Length == 0 ? "no nodes" : reasons)}."));
        }

        return (fitting.OrderBy(node => Score(pod, node)).First().Metadata.Name, "");
    }

    /// <summary>Lower is better: first fewest siblings in the node's zone and on the node, then fewest pods, then the name.</summary>
    private (int, int, int) Score(Pod pod, Node node)
    {
        var here = _pods[node.Metadata.Name ?? ""];
        return (InDomain(node, "topology.kubernetes.io/zone").Count(other => Siblings(pod, other)), here.Count(other => Siblings(pod, other)), here.Count(other => other.Spec.HostNetwork != true));
    }

    private static bool Siblings(Pod a, Pod b) =>
        a.Metadata.Namespace == b.Metadata.Namespace && a.Metadata.ControllerOwner() is { } owner && b.Metadata.ControllerOwner()?.Uid == owner.Uid;

    private static bool Selects(PodAffinityTerm term, Pod pod, Pod other) =>
        (term.Namespaces.Count == 0 ? other.Metadata.Namespace == pod.Metadata.Namespace : term.Namespaces.Contains(other.Metadata.Namespace ?? ""))
        && term.LabelSelector?.Matches(other.Metadata.Labels) == true;

    /// <summary>Pods on all nodes that share the node's value of a topology key; a node without the key is alone.</summary>
    private IEnumerable<Pod> InDomain(Node node, string key) => node.Metadata.Labels.TryGetValue(key, out var value)
        ? _nodes.Where(other => other.Metadata.Labels.TryGetValue(key, out var theirs) && theirs == value).SelectMany(other => _pods[other.Metadata.Name ?? ""])
        : [];

    private List<Node> Spread(Pod pod, TopologySpreadConstraint constraint, List<Node> fitting)
    {
        var counts = _nodes.Where(node => node.Metadata.Labels.ContainsKey(constraint.TopologyKey))
            .GroupBy(node => node.Metadata.Labels[constraint.TopologyKey])
            .ToDictionary(domain => domain.Key, domain => domain.Sum(node => _pods[node.Metadata.Name ?? ""].Count(other => other.Metadata.Namespace == pod.Metadata.Namespace && constraint.LabelSelector?.Matches(other.Metadata.Labels) == true)));
        var eligible = fitting.Select(node => node.Metadata.Labels.GetValueOrDefault(constraint.TopologyKey)).OfType<string>().ToHashSet();
        if (eligible.Count == 0)
        {
            return [];
        }

        var least = eligible.Min(domain => counts[domain]);
        return [.. fitting.Where(node => node.Metadata.Labels.TryGetValue(constraint.TopologyKey, out var domain) && counts[domain] + 1 - least <= constraint.MaxSkew)];
    }
}
