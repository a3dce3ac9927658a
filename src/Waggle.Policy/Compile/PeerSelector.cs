using Waggle.Policy.Addresses;
using Waggle.Policy.Identities;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Compile;

/// <summary>A way to tell peers, shared by all sections that use the same. Keeps the identities it matches while a table uses it.</summary>
internal abstract class PeerSelector(string text)
{
    /// <summary>Canonical: equal texts, equal meaning.</summary>
    public string Text => text;

    public HashSet<IdentityInfo> Matched { get; } = [];

    /// <summary>The tables that use it; it is dropped with the last.</summary>
    public HashSet<CompiledTable> Tables { get; } = [];

    public abstract bool Matches(LabelSet labels);

    /// <summary>Fills <see cref="Matched"/>.</summary>
    public abstract void Fill(IdentityStore identities);
}

internal sealed class LabelPeerSelector(Selector selector) : PeerSelector(selector.Text)
{
    public Selector Selector => selector;

    public override bool Matches(LabelSet labels) => selector.Matches(labels);

    public override void Fill(IdentityStore identities) => identities.Find(selector, Matched);
}

/// <summary>Nodes by label.</summary>
internal sealed class NodePeerSelector(Selector selector) : PeerSelector($"node({selector.Text})")
{
    public override bool Matches(LabelSet labels) => (labels.HasReserved("host") || labels.HasReserved("remote-node")) && selector.Matches(labels);

    public override void Fill(IdentityStore identities)
    {
        foreach (string kind in (ReadOnlySpan<string>)["host", "remote-node"])
        {
            identities.Find(selector.With(new Requirement(Label.ReservedSource, kind, SelectorOperator.Exists)), Matched);
        }
    }
}

internal sealed class EntityPeerSelector(Entity entity, string cluster) : PeerSelector($"entity({entity})")
{
    private static readonly string[] s_cluster = ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"];

    public override bool Matches(LabelSet labels) => Matches(entity, cluster, labels);

    public static bool Matches(Entity entity, string cluster, LabelSet labels) => entity switch
    {
        Entity.All => true,
        Entity.World => labels.HasReserved("world") || labels.HasReserved("world-ipv4") || labels.HasReserved("world-ipv6"),
        Entity.WorldIPv4 => labels.HasReserved("world-ipv4") || (labels.Prefix is { IsIPv4: true } && labels.HasReserved("world")),
        Entity.WorldIPv6 => labels.HasReserved("world-ipv6") || (labels.Prefix is { IsIPv4: false } && labels.HasReserved("world")),
        Entity.Cluster => s_cluster.Any(labels.HasReserved) || (labels.Find(Label.KubernetesSource, WellKnownLabels.Cluster, out string value) && value == cluster),
        Entity.Host => labels.HasReserved("host"),
        Entity.RemoteNode => labels.HasReserved("remote-node"),
        Entity.KubeApiServer => labels.HasReserved("kube-apiserver"),
        Entity.Ingress => labels.HasReserved("ingress"),
        Entity.Init => labels.HasReserved("init"),
        Entity.Health => labels.HasReserved("health"),
        Entity.Unmanaged => labels.HasReserved("unmanaged"),
        _ => labels.HasReserved("none"),
    };

    public override void Fill(IdentityStore identities)
    {
        foreach (IdentityInfo info in identities.All)
        {
            if (Matches(info.Labels))
            {
                Matched.Add(info);
            }
        }
    }
}

/// <summary>Addresses outside the cluster: any number of prefixes, each with what it leaves out.</summary>
internal sealed class CidrPeerSelector : PeerSelector
{
    private readonly Dictionary<IpPrefix, List<IpPrefix[]>> _prefixes = [];
    private readonly int[] _lengths4;
    private readonly int[] _lengths6;

    public CidrPeerSelector(string text, IEnumerable<(IpPrefix Prefix, IpPrefix[] Except)> prefixes)
        : base(text)
    {
        foreach ((IpPrefix prefix, IpPrefix[] except) in prefixes)
        {
            if (!_prefixes.TryGetValue(prefix, out List<IpPrefix[]>? list))
            {
                _prefixes.Add(prefix, list = []);
            }

            list.Add(except);
        }

        _lengths4 = Lengths(true);
        _lengths6 = Lengths(false);
    }

    public override bool Matches(LabelSet labels)
    {
        if (labels.Prefix is not { } prefix)
        {
            // World itself, of one family: every address for which no longer prefix was asked.
            return (_prefixes.TryGetValue(IpPrefix.AllIPv4, out List<IpPrefix[]>? all4) && labels.HasReserved("world-ipv4") && all4.Any(e => !e.Contains(IpPrefix.AllIPv4)))
                || (_prefixes.TryGetValue(IpPrefix.AllIPv6, out List<IpPrefix[]>? all6) && labels.HasReserved("world-ipv6") && all6.Any(e => !e.Contains(IpPrefix.AllIPv6)));
        }

        foreach (int length in prefix.IsIPv4 ? _lengths4 : _lengths6)
        {
            if (length > prefix.Length)
            {
                break;
            }

            if (_prefixes.TryGetValue(prefix.Shorten(length), out List<IpPrefix[]>? entries) && entries.Any(except => !Array.Exists(except, e => e.Contains(prefix))))
            {
                return true;
            }
        }

        return false;
    }

    public override void Fill(IdentityStore identities)
    {
        foreach (IdentityInfo info in identities.WithPrefix)
        {
            if (Matches(info.Labels))
            {
                Matched.Add(info);
            }
        }

        if (_lengths4 is [0, ..] || _lengths6 is [0, ..])
        {
            foreach (string world in (ReadOnlySpan<string>)["world-ipv4", "world-ipv6"])
            {
                var found = new List<IdentityInfo>();
                identities.Find(new Selector([new Requirement(Label.ReservedSource, world, SelectorOperator.In, "")]), found);
                Matched.UnionWith(found.Where(i => Matches(i.Labels)));
            }
        }
    }

    private int[] Lengths(bool isIPv4) => [.. _prefixes.Keys.Where(p => p.IsIPv4 == isIPv4).Select(p => p.Length).Distinct().Order()];
}
