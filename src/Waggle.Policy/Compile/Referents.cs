using System.Collections.Immutable;
using Waggle.Policy.Addresses;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Compile;

/// <summary>What rules refer to by name: CIDR groups and Services, each with a version that changes with its content.</summary>
internal sealed class Referents
{
    private readonly Dictionary<string, (IpPrefix[] Prefixes, int Version)> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Name), (PolicyService Service, int Version)> _services = [];
    private int _version;

    public IpPrefix[] Group(string name) => _groups.TryGetValue(name, out (IpPrefix[] Prefixes, int Version) group) ? group.Prefixes : [];

    public int GroupVersion(string name) => _groups.TryGetValue(name, out (IpPrefix[] Prefixes, int Version) group) ? group.Version : 0;

    /// <returns>False when nothing changed.</returns>
    public bool SetGroup(string name, IpPrefix[]? prefixes)
    {
        if (prefixes is null)
        {
            return _groups.Remove(name);
        }

        if (_groups.TryGetValue(name, out (IpPrefix[] Prefixes, int Version) old) && old.Prefixes.AsSpan().SequenceEqual(prefixes))
        {
            return false;
        }

        _groups[name] = (prefixes, ++_version);
        return true;
    }

    public PolicyService? Service(string @namespace, string name) => _services.GetValueOrDefault((@namespace, name)).Service;

    public void SetService(PolicyService service) => _services[(service.Namespace, service.Name)] = (service, ++_version);

    public bool RemoveService(string @namespace, string name) => _services.Remove((@namespace, name));

    public static bool Selects(ServicePeer peer, PolicyService service) =>
        (peer.Namespace.Length == 0 || peer.Namespace == service.Namespace) && (peer.Name is not null ? peer.Name == service.Name : peer.Labels!.Matches(service.Labels));

    /// <summary>The Services a rule names, in the order of their names.</summary>
    public IEnumerable<(PolicyService Service, int Version)> Services(ServicePeer peer)
    {
        if (peer.Name is not null && peer.Namespace.Length > 0)
        {
            return _services.TryGetValue((peer.Namespace, peer.Name), out (PolicyService Service, int Version) found) ? [found] : [];
        }

        return _services.Values.Where(s => Selects(peer, s.Service)).OrderBy(s => s.Service.Namespace, StringComparer.Ordinal).ThenBy(s => s.Service.Name, StringComparer.Ordinal);
    }

    /// <summary>The addresses behind a Service that selects no pods.</summary>
    public static IEnumerable<IpPrefix> Backends(PolicyService service) => service.Selector is null ? service.Backends.Select(IpPrefix.Of) : [];

    /// <summary>The pods behind a Service that selects some; null for one without a selector.</summary>
    public static Selector? Pods(PolicyService service) => service.Selector is not { Count: > 0 } selector ? null : new Selector(
        selector.Select(s => new Requirement(Label.KubernetesSource, s.Key, SelectorOperator.In, s.Value))
            .Append(new Requirement(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.In, service.Namespace)));

    /// <summary>The prefixes a rule needs local identities for, without those of its groups.</summary>
    public IEnumerable<IpPrefix> Demand(PolicyRule rule) => rule.Sections.SelectMany(s => s.Peers).SelectMany(p => p switch
    {
        CidrPeer cidr => cidr.Except.Append(cidr.Prefix),
        CidrGroupPeer group => group.Except.Where(e => Group(group.Name).Any(g => g.Contains(e) || e.Contains(g))),
        ServicePeer service => Services(service).SelectMany(s => Backends(s.Service)),
        _ => (IEnumerable<IpPrefix>)ImmutableArray<IpPrefix>.Empty,
    });
}
