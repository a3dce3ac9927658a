using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Filters;

/// <summary>Questions about one side of a flow, answered once per endpoint.</summary>
internal static class EndpointFilters
{
    public static FlowPredicate Pods(string field, IReadOnlyList<string> names, bool source)
    {
        var wanted = Names(field, names);
        return OnSide(source, e => (e.Namespace.Length > 0 || e.PodName.Length > 0) && wanted.Any(w => w.Matches(e.Namespace, e.PodName)));
    }

    public static FlowPredicate Labels(string field, IReadOnlyList<string> selectors, bool source)
    {
        var parsed = Selectors(field, selectors);
        return OnSide(source, e => parsed.Any(s => s.Matches(e.Labels)));
    }

    public static FlowPredicate Workloads(string field, IReadOnlyList<Workload> workloads, bool source)
    {
        if (workloads.Any(w => w.Name.Length == 0 && w.Kind.Length == 0))
        {
            throw new FilterException(field, "a workload needs a name or a kind");
        }

        if (workloads.FirstOrDefault(w => w.Name.Contains('/') || w.Kind.Contains('/')) is { } odd)
        {
            throw new FilterException(field, $"\"{odd.Kind}/{odd.Name}\" is not a workload: write NAME, KIND/NAME or KIND/");
        }

        return OnSide(source, e => e.Workloads.Any(has => workloads.Any(w => (w.Name.Length == 0 || w.Name == has.Name) && (w.Kind.Length == 0 || w.Kind == has.Kind))));
    }

    public static FlowPredicate Clusters(IReadOnlyList<string> names, bool source) => OnSide(source, e => names.Contains(e.ClusterName));

    public static FlowPredicate Services(string field, IReadOnlyList<string> names, bool source)
    {
        var wanted = Names(field, names);
        bool Is(ServiceInfo s) => wanted.Any(w => w.Matches(s.Namespace, s.Name));
        var memo = new Memo<ServiceInfo>(Is);
        return source ? (in FlowRecord f) => f.SourceService is { } s && memo.Ask(s) : (in FlowRecord f) => f.DestinationService is { } s && memo.Ask(s);
    }

    public static FlowPredicate NodeNames(string field, IReadOnlyList<string> patterns)
    {
        var parsed = patterns.Select(p =>
        {
            if (p.Length == 0)
            {
                throw new FilterException(field, "a node name must not be empty");
            }

            // "name" means a node of any cluster, "cluster/" all nodes of one.
            var slash = p.IndexOf('/', StringComparison.Ordinal);
            var (cluster, node) = slash < 0 ? ("*", p) : (p[..slash], p[(slash + 1)..]);
            return (SafeRegex.Glob(field, cluster.Length == 0 ? "*" : cluster, "[^/]*"), SafeRegex.Glob(field, node.Length == 0 ? "*" : node, "[^/]*"));
        }).ToArray();
        return OnNode(n =>
        {
            var slash = n.Name.IndexOf('/', StringComparison.Ordinal);
            var (cluster, node) = slash < 0 ? ("default", n.Name) : (n.Name[..slash], n.Name[(slash + 1)..]);
            return node.Length > 0 && parsed.Any(p => SafeRegex.Matches(p.Item1, cluster) && SafeRegex.Matches(p.Item2, node));
        });
    }

    public static FlowPredicate NodeLabels(string field, IReadOnlyList<string> selectors)
    {
        var parsed = Selectors(field, selectors);
        return OnNode(n => parsed.Any(s => s.Matches(n.Labels)));
    }

    private static FlowPredicate OnSide(bool source, Func<EndpointInfo, bool> question)
    {
        var memo = new Memo<EndpointInfo>(question);
        return source ? (in FlowRecord f) => memo.Ask(f.SourceEndpoint) : (in FlowRecord f) => memo.Ask(f.DestinationEndpoint);
    }

    private static FlowPredicate OnNode(Func<NodeInfo, bool> question)
    {
        var memo = new Memo<NodeInfo>(question);
        return (in FlowRecord f) => memo.Ask(f.Node);
    }

    private static LabelSelector[] Selectors(string field, IReadOnlyList<string> selectors) => [.. selectors.Select(s =>
    {
        try
        {
            return LabelSelector.Parse(s);
        }
        catch (FormatException e)
        {
            throw new FilterException(field, $"\"{s}\" is not a label selector: {e.Message}", e);
        }
    })];

    private static NamePrefix[] Names(string field, IReadOnlyList<string> names) => [.. names.Select(n =>
    {
        var slash = n.IndexOf('/', StringComparison.Ordinal);
        return n.Length == 0 ? throw new FilterException(field, "a name must not be empty")
            : slash != n.LastIndexOf('/') ? throw new FilterException(field, $"\"{n}\" has more than one slash: write [NAMESPACE/]NAME")
            : slash < 0 ? new NamePrefix("default", n) : new NamePrefix(n[..slash], n[(slash + 1)..]);
    })];

    /// <summary>"[namespace/]prefix": without a namespace "default" is meant, "/prefix" is any namespace, "namespace/" all of one.</summary>
    private readonly record struct NamePrefix(string Namespace, string Prefix)
    {
        public bool Matches(string ns, string name) => (Namespace.Length == 0 || Namespace == ns) && name.StartsWith(Prefix, StringComparison.Ordinal);
    }
}
