using System.Globalization;
using System.Text;
using Waggle.Policy.Addresses;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Compile;

/// <summary>Turns the sections of the rules that apply to a subject into what a table needs: names looked up, requirements folded in.</summary>
internal sealed class SectionResolver(PeerSelectorCache selectors, Referents referents, string cluster)
{
    public ResolvedSection[] Resolve(IReadOnlyList<RuleEntry> rules, Direction direction)
    {
        var requirements = new Requirements(rules, direction);
        var sections = new List<ResolvedSection>();
        foreach (RuleEntry entry in rules)
        {
            for (int i = 0; i < entry.Rule.Sections.Length; i++)
            {
                if (entry.Rule.Sections[i].Direction == direction)
                {
                    Add(entry, entry.Rule.Sections[i], entry.SectionPlaces[i], requirements, sections);
                }
            }
        }

        return [.. sections];
    }

    private void Add(RuleEntry entry, RuleSection section, OriginTable.Place place, Requirements requirements, List<ResolvedSection> into)
    {
        bool isOnTrial = entry.Policy.IsOnTrial;
        bool differs = requirements.Differ(section.IsDeny) && section.Peers.Any(p => p is SelectorPeer);
        if (differs && !isOnTrial)
        {
            // A policy on trial requires something: what is in force goes without, its shadow with it.
            into.Add(Make(entry, section, place, requirements.Of(section.IsDeny, inForce: true), true, false));
        }

        into.Add(Make(entry, section, place, requirements.Of(section.IsDeny, inForce: !differs), !isOnTrial && !differs, true));
    }

    private ResolvedSection Make(RuleEntry entry, RuleSection section, OriginTable.Place place, IReadOnlyList<Requirement> required, bool inForce, bool inShadow)
    {
        bool forAll = section.AllPeers;
        var peers = new List<PeerSelector>();
        var cidrs = new List<Peer>();
        foreach (Peer peer in section.Peers)
        {
            switch (peer)
            {
                case SelectorPeer byLabel:
                    Label(byLabel.Selector.With(required), peers, ref forAll);
                    break;
                case EntityPeer { Entity: Entity.All }:
                    forAll = true;
                    break;
                case EntityPeer entity:
                    peers.Add(Named(entity.Entity));
                    break;
                case NodePeer node:
                    peers.Add(selectors.Get($"node({node.Selector.Text})", () => new NodePeerSelector(node.Selector)));
                    break;
                case ServicePeer service:
                    foreach ((PolicyService found, _) in referents.Services(service))
                    {
                        if (Referents.Pods(found) is { } pods)
                        {
                            Label(pods, peers, ref forAll);
                        }
                    }

                    cidrs.Add(peer);
                    break;
                case CidrPeer or CidrGroupPeer:
                    cidrs.Add(peer);
                    break;
                case UnsupportedPeer when section.IsDeny:
                    peers.Add(Named(Entity.World));
                    break;
                default:
                    break;
            }
        }

        if (cidrs.Count > 0)
        {
            peers.Add(selectors.Get(Text(cidrs), () => new CidrPeerSelector(Text(cidrs), cidrs.SelectMany(Prefixes))));
        }

        return new ResolvedSection
        {
            Place = place,
            Effect = entry.Policy.IsProtected && section.Effect == SectionEffect.Allow ? SectionEffect.Protect : section.Effect,
            IsInForce = inForce,
            IsInShadow = inShadow,
            Ports = section.Ports is { } ports ? [.. ports] : null,
            IsForAll = forAll,
            Peers = forAll ? [] : [.. peers],
        };
    }

    private void Label(Selector selector, List<PeerSelector> peers, ref bool forAll)
    {
        forAll |= selector.Requirements.IsEmpty;
        if (!selector.Requirements.IsEmpty)
        {
            peers.Add(selectors.Get(selector.Text, () => new LabelPeerSelector(selector)));
        }
    }

    private PeerSelector Named(Entity entity) => selectors.Get($"entity({entity})", () => new EntityPeerSelector(entity, cluster));

    private IEnumerable<(IpPrefix Prefix, IpPrefix[] Except)> Prefixes(Peer peer) => peer switch
    {
        CidrPeer cidr => [(cidr.Prefix, [.. cidr.Except])],
        CidrGroupPeer group => referents.Group(group.Name).Select(p => (p, (IpPrefix[])[.. group.Except])),
        ServicePeer service => referents.Services(service).SelectMany(s => Referents.Backends(s.Service)).Select(p => (p, Array.Empty<IpPrefix>())),
        _ => [],
    };

    /// <summary>Canonical; groups and Services by version, so that a change of one is another selector.</summary>
    private string Text(List<Peer> peers)
    {
        var text = new StringBuilder("cidr(");
        foreach (Peer peer in peers)
        {
            switch (peer)
            {
                case CidrPeer cidr:
                    text.Append(cidr.Prefix).Append('-').AppendJoin('-', cidr.Except);
                    break;
                case CidrGroupPeer group:
                    text.Append(CultureInfo.InvariantCulture, $"{group.Name}@{referents.GroupVersion(group.Name)}-").AppendJoin('-', group.Except);
                    break;
                case ServicePeer service:
                    text.AppendJoin('+', referents.Services(service).Select(s => $"{s.Service.Namespace}/{s.Service.Name}@{s.Version}"));
                    break;
                default:
                    break;
            }

            text.Append(';');
        }

        return text.Append(')').ToString();
    }

    /// <summary>What <c>fromRequires</c> and <c>toRequires</c> of all rules demand of endpoint peers: apart for what allows and what denies.</summary>
    private sealed class Requirements
    {
        private readonly List<Requirement>[] _all = [[], [], [], []];

        public Requirements(IReadOnlyList<RuleEntry> rules, Direction direction)
        {
            foreach (RuleEntry entry in rules)
            {
                foreach (RuleSection section in entry.Rule.Sections)
                {
                    if (section.Direction == direction)
                    {
                        IEnumerable<Requirement> required = section.Requires.SelectMany(r => r.Requirements);
                        _all[section.IsDeny ? 1 : 0].AddRange(required);
                        if (!entry.Policy.IsOnTrial)
                        {
                            _all[section.IsDeny ? 3 : 2].AddRange(required);
                        }
                    }
                }
            }
        }

        /// <summary>True when policies on trial require more than those in force.</summary>
        public bool Differ(bool isDeny) => Of(isDeny, true).Count != Of(isDeny, false).Count;

        public IReadOnlyList<Requirement> Of(bool isDeny, bool inForce) => _all[(inForce ? 2 : 0) + (isDeny ? 1 : 0)];
    }
}
