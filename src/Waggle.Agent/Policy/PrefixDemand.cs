using Waggle.Agent.Identities;
using Waggle.Policy.Addresses;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy;

/// <summary>Which prefixes the policies name, and which policies name more than there is room for. Owned by <see cref="PolicyLoop"/>.</summary>
/// <remarks>A policy without room is held back whole: its prefixes would have no identities, and a rule about them would say nothing.</remarks>
internal sealed class PrefixDemand(PolicyTable policies, CidrGroupTable groups, PolicyServiceTable services)
{
    private readonly Dictionary<string, string> _heldBack = new(StringComparer.Ordinal);
    private (ulong Policies, ulong Groups, ulong Services)? _seen;
    private HashSet<IpPrefix> _named = [];

    /// <summary>Policies that find no room, by key, and why.</summary>
    public IReadOnlyDictionary<string, string> HeldBack => _heldBack;

    /// <summary>The most prefixes that were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>All prefixes that need an identity.</summary>
    /// <param name="inForce">What the compiler works with: it goes before what is new.</param>
    public HashSet<IpPrefix> Named(IReadOnlyCollection<IpPrefix> inForce)
    {
        (ulong, ulong, ulong) now = (policies.Revision, groups.Revision, services.Revision);
        if (_heldBack.Count == 0 && _seen == now)
        {
            return _named;
        }

        _seen = now;
        _heldBack.Clear();
        var demands = policies.View.All().Where(p => p.Parsed.IsValid).Select(p => (p.Key, Prefixes: Of(p.Parsed))).Where(p => p.Prefixes.Count > 0).ToList();
        _named = [];
        demands.ForEach(d => _named.UnionWith(d.Prefixes));
        Asked = _named.Count;
        if (Asked <= CidrIdentities.Limit)
        {
            return _named;
        }

        _named = [.. inForce];
        foreach ((string key, HashSet<IpPrefix> prefixes) in demands)
        {
            int more = prefixes.Count(p => !_named.Contains(p));
            if (_named.Count + more <= CidrIdentities.Limit)
            {
                _named.UnionWith(prefixes);
            }
            else
            {
                _heldBack[key] = $"it names {more} prefixes that no other policy does, there is room for {CidrIdentities.Limit - _named.Count} of {CidrIdentities.Limit}; what it said before stays in force (waggle limits)";
            }
        }

        return _named;
    }

    private HashSet<IpPrefix> Of(ParsedPolicy policy)
    {
        var all = new HashSet<IpPrefix>();
        foreach (Peer peer in policy.Rules.SelectMany(r => r.Sections).SelectMany(s => s.Peers))
        {
            switch (peer)
            {
                case CidrPeer cidr:
                    all.Add(cidr.Prefix);
                    all.UnionWith(cidr.Except);
                    break;
                case CidrGroupPeer group:
                    all.UnionWith(group.Except);
                    all.UnionWith(groups.View.Find(group.Name)?.Group.Prefixes ?? []);
                    break;
            }
        }

        if (policy.UsesServices)
        {
            all.UnionWith(services.View.All().SelectMany(s => s.Service.Backends).Select(a => IpPrefix.Of(a)));
        }

        return all;
    }
}
