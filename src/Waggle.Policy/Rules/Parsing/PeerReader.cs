using System.Collections.Immutable;
using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads who is on the other side, in Cilium's policies.</summary>
/// <param name="policyNamespace">Empty for clusterwide policies.</param>
/// <param name="subjectIsInit">True when the rule is for endpoints that have no labels yet: their peers need no namespace.</param>
internal sealed class PeerReader(string policyNamespace, bool subjectIsInit)
{
    /// <param name="All">No peer is named: all are meant, if ports are named.</param>
    /// <param name="Peers">Who is named.</param>
    /// <param name="Requires">What endpoint peers must also match.</param>
    public readonly record struct Result(bool All, ImmutableArray<Peer> Peers, ImmutableArray<Selector> Requires);

    public Result Read(Field rule, Direction direction, bool isDeny)
    {
        string way = direction == Direction.Ingress ? "from" : "to";
        var named = new List<string>();
        var peers = ImmutableArray.CreateBuilder<Peer>();
        Kind($"{way}Endpoints", f => Endpoints(f) is { } s ? new SelectorPeer(s) : null);
        Kind($"{way}Nodes", f => SelectorReader.Requirements(f, Label.AnySource) is { } r ? new NodePeer(new Selector(r)) : null);
        Kind($"{way}CIDR", f => CidrReader.Prefix(f, needsLength: false) is { } p ? new CidrPeer(p, []) : null);
        Kind($"{way}CIDRSet", CidrReader.SetEntry);
        Kind($"{way}Entities", ReadEntity);
        Kind($"{way}Groups", f => Group(f, way, isDeny));
        if (direction == Direction.Egress)
        {
            Kind("toServices", ReadService);
            if (!isDeny)
            {
                Kind("toFQDNs", Fqdn);
            }
        }

        string[] used = [.. named.Where(n => rule[n].Items() is { Count: > 0 })];
        if (used.Length > 1)
        {
            rule[used[1]].Error($"{used[0]} and {used[1]} exclude each other; write two rules");
        }

        if (used.Contains("toServices") && rule["toPorts"].Items() is { Count: > 0 })
        {
            rule["toPorts"].Error("toPorts and toServices exclude each other");
        }

        var requires = ImmutableArray.CreateBuilder<Selector>();
        foreach (Field field in rule[$"{way}Requires"].Items() ?? [])
        {
            if (SelectorReader.Requirements(field, Label.AnySource) is { } r)
            {
                requires.Add(InNamespace(r));
            }
        }

        // A list that is there but empty names nobody, and then nobody is meant, whatever else is named.
        bool nobody = named.Count > used.Length;
        return new Result(named.Count == 0, nobody ? [] : peers.DrainToImmutable(), requires.DrainToImmutable());

        void Kind(string name, Func<Field, Peer?> read)
        {
            if (rule[name].Items() is not { } items)
            {
                return;
            }

            named.Add(name);
            foreach (Field item in items)
            {
                if (!item.Exists)
                {
                    item.Error("must not be null");
                }
                else if (read(item) is { } peer)
                {
                    peers.Add(peer);
                }
            }
        }
    }

    private static EntityPeer? ReadEntity(Field field)
    {
        string? name = field.Text();
        if (EntityNames.Find(name) is { } entity)
        {
            return new EntityPeer(entity);
        }

        field.Error($"{ProblemList.Quote(name)} is no entity; there are {string.Join(", ", EntityNames.All)}");
        return null;
    }

    private static UnsupportedPeer? Group(Field field, string way, bool isDeny)
    {
        if (!field.IsObject())
        {
            return null;
        }

        field.Only("aws");
        field.Warn($"{way}Groups is not implemented: it {(isDeny ? "denies all of the world" : "allows nobody")}");
        return new UnsupportedPeer($"{way}Groups");
    }

    private static UnsupportedPeer? Fqdn(Field field)
    {
        if (!field.IsObject())
        {
            return null;
        }

        L7Reader.DnsName(field);
        field.Warn("toFQDNs is not implemented yet: it allows nobody");
        return new UnsupportedPeer("toFQDNs");
    }

    private static ServicePeer? ReadService(Field field)
    {
        if (!field.IsObject())
        {
            return null;
        }

        field.Only("k8sService", "k8sServiceSelector");
        Field selector = field["k8sServiceSelector"], named = field["k8sService"];
        if (selector.IsObject())
        {
            selector.Only("selector", "namespace");
            if (SelectorReader.Requirements(selector["selector"], Label.AnySource, takesSources: false) is { } requirements)
            {
                return new ServicePeer(selector["namespace"].Text() ?? "", null, new Selector(requirements));
            }

            if (!selector["selector"].Exists)
            {
                selector["selector"].Error("is required");
            }

            return null;
        }

        if (!named.IsObject())
        {
            field.Error("needs k8sService or k8sServiceSelector");
            return null;
        }

        named.Only("serviceName", "namespace");
        if (named["serviceName"].Text() is { Length: > 0 } name)
        {
            return new ServicePeer(named["namespace"].Text() ?? "", name, null);
        }

        named["serviceName"].Error("is required");
        return null;
    }

    private Selector? Endpoints(Field field)
    {
        List<Requirement>? requirements = SelectorReader.Requirements(field, Label.AnySource);
        return requirements is null ? null
            : requirements.Any(r => r.Source == Label.ReservedSource) ? new Selector(requirements)
            : InNamespace(requirements);
    }

    /// <summary>Keeps a selector that names no namespace to the policy's own; in clusterwide policies to pods.</summary>
    private Selector InNamespace(List<Requirement> requirements)
    {
        if (!requirements.Any(r => IsKubernetes(r) && r.Key == WellKnownLabels.Namespace))
        {
            if (policyNamespace.Length == 0)
            {
                if (!subjectIsInit)
                {
                    requirements.Add(new Requirement(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.Exists));
                }
            }
            else if (!requirements.Any(r => IsKubernetes(r) && r.Key.StartsWith(WellKnownLabels.NamespaceLabelsPrefix, StringComparison.Ordinal)))
            {
                requirements.Add(new Requirement(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.In, policyNamespace));
            }
        }

        return new Selector(requirements);
    }

    private static bool IsKubernetes(Requirement requirement) => requirement.Source is Label.KubernetesSource or Label.AnySource;
}
