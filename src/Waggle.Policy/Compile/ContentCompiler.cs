using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>Flattens the sections that match a peer into verdicts by port: denies over allows, both over the default.</summary>
internal sealed class ContentCompiler(OriginTable origins, Direction direction, Defaults defaults)
{
    private static readonly IpProtocol[] s_protocols = [IpProtocol.Icmp, IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.IcmpV6, IpProtocol.Sctp];

    // Which of several matches is told: the most specific.
    private static readonly PolicyMatch[] s_specific =
        [PolicyMatch.PeerAndPort, PolicyMatch.PeerAndProtocol, PolicyMatch.PeerOnly, PolicyMatch.PortOnly, PolicyMatch.ProtocolOnly, PolicyMatch.All];

    private readonly HashSet<uint> _rules = [];
    private readonly List<Active> _always = [];
    private readonly List<Range> _ranges = [];
    private readonly List<Active> _active = [];
    private readonly List<OriginTable.Place> _places = [];

    /// <summary>Compiles a content. It holds a use of each rule number it names.</summary>
    /// <param name="specific">Sections that name the peer.</param>
    /// <param name="general">Sections for everybody.</param>
    /// <param name="names">What ports' names mean: on ingress for the subject, on egress for the peer.</param>
    public Content Compile(IReadOnlyList<ResolvedSection> specific, IReadOnlyList<ResolvedSection> general, IReadOnlyList<NamedPort> names)
    {
        _rules.Clear();
        _always.Clear();
        _always.AddRange(specific.Where(s => s.Ports is null).Select(s => new Active(s, PolicyMatch.PeerOnly)));
        _always.AddRange(general.Where(s => s.Ports is null).Select(s => new Active(s, PolicyMatch.All)));
        _active.Clear();
        Verdict verdict = Decide();
        var rows = new List<ContentRow>();
        foreach (IpProtocol protocol in s_protocols)
        {
            _ranges.Clear();
            Collect(specific, protocol, names, namesPeer: true);
            Collect(general, protocol, names, namesPeer: false);
            if (_ranges.Count > 0)
            {
                PrefixRows.Add((byte)protocol, Sweep(), verdict, rows);
            }
        }

        rows.Sort(Content.Order);
        return new Content(verdict, [.. rows], Kept(verdict, rows));
    }

    /// <summary>Uses of numbers that no row names (ranges that turned out to be the background) are given back.</summary>
    private uint[] Kept(Verdict verdict, List<ContentRow> rows)
    {
        var named = new HashSet<uint> { verdict.Rule, verdict.ShadowRule };
        foreach (ContentRow row in rows)
        {
            named.Add(row.Verdict.Rule);
            named.Add(row.Verdict.ShadowRule);
        }

        named.Remove(0);
        foreach (uint rule in _rules)
        {
            if (!named.Contains(rule))
            {
                origins.Release(rule);
            }
        }

        foreach (uint rule in named)
        {
            // The numbers of the defaults are the table's; the content counts as one more user.
            if (!_rules.Contains(rule))
            {
                origins.AddUse(rule);
            }
        }

        return [.. named];
    }

    private void Collect(IReadOnlyList<ResolvedSection> sections, IpProtocol protocol, IReadOnlyList<NamedPort> names, bool namesPeer)
    {
        foreach (ResolvedSection section in sections)
        {
            foreach (PortMatch match in section.Ports ?? [])
            {
                if (match.Protocol is { } only ? only != protocol : protocol is IpProtocol.Icmp or IpProtocol.IcmpV6)
                {
                    continue;
                }

                PolicyMatch kind = match.IsAllPorts
                    ? namesPeer ? PolicyMatch.PeerAndProtocol : PolicyMatch.ProtocolOnly
                    : namesPeer ? PolicyMatch.PeerAndPort : PolicyMatch.PortOnly;
                if (match.Name is null)
                {
                    _ranges.Add(new Range(match.First, match.Last, new Active(section, kind)));
                    continue;
                }

                foreach (NamedPort port in names)
                {
                    if (port.Name == match.Name && port.Protocol == protocol)
                    {
                        _ranges.Add(new Range(port.Port, port.Port, new Active(section, kind)));
                    }
                }
            }
        }
    }

    /// <summary>Walks along the ports, from one begin or end of a range to the next.</summary>
    private List<Segment> Sweep()
    {
        _ranges.Sort(static (a, b) => a.First.CompareTo(b.First));
        var points = new SortedSet<int> { 0 };
        foreach (Range range in _ranges)
        {
            points.Add(range.First);
            if (range.Last < ushort.MaxValue)
            {
                points.Add(range.Last + 1);
            }
        }

        var open = new List<Range>();
        var segments = new List<Segment>();
        int next = 0;
        foreach (int point in points)
        {
            open.RemoveAll(r => r.Last < point);
            while (next < _ranges.Count && _ranges[next].First == point)
            {
                open.Add(_ranges[next++]);
            }

            _active.Clear();
            foreach (Range range in open)
            {
                _active.Add(range.What);
            }

            Verdict verdict = Decide();
            if (segments.Count == 0 || segments[^1].Verdict != verdict)
            {
                segments.Add(new Segment(point, verdict));
            }
        }

        return segments;
    }

    private Verdict Decide()
    {
        (Decision decision, uint rule) = Decide(inForce: true);
        (Decision shadow, uint shadowRule) = Decide(inForce: false);
        return new Verdict(decision, rule, shadow, shadowRule);
    }

    private (Decision Decision, uint Rule) Decide(bool inForce)
    {
        SectionEffect? effect = null;
        foreach (List<Active> list in (ReadOnlySpan<List<Active>>)[_always, _active])
        {
            foreach (Active active in list)
            {
                if ((inForce ? active.Section.IsInForce : active.Section.IsInShadow) && (effect is null || active.Section.Effect < effect))
                {
                    effect = active.Section.Effect;
                }
            }
        }

        if (effect is null)
        {
            return (inForce ? defaults.DenyInForce : defaults.DenyInShadow)
                ? (Decision.DefaultDeny, inForce ? defaults.Rule : defaults.ShadowRule)
                : (Decision.DefaultAllow, 0);
        }

        int specific = s_specific.Length;
        _places.Clear();
        foreach (List<Active> list in (ReadOnlySpan<List<Active>>)[_always, _active])
        {
            foreach (Active active in list)
            {
                if ((inForce ? active.Section.IsInForce : active.Section.IsInShadow) && active.Section.Effect == effect)
                {
                    _places.Add(active.Section.Place);
                    specific = Math.Min(specific, Array.IndexOf(s_specific, active.Match));
                }
            }
        }

        _places.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        int kept = 0;
        for (int i = 0; i < _places.Count; i++)
        {
            if (i == 0 || _places[i].Id != _places[kept - 1].Id)
            {
                _places[kept++] = _places[i];
            }
        }

        _places.RemoveRange(kept, _places.Count - kept);
        (PolicyAction action, RuleOriginKind kind) = effect switch
        {
            SectionEffect.Protect or SectionEffect.Allow => (PolicyAction.Allow, RuleOriginKind.Allow),
            SectionEffect.Deny => (PolicyAction.Deny, RuleOriginKind.Deny),
            _ => (PolicyAction.Deny, RuleOriginKind.Unenforceable),
        };
        uint rule = origins.Acquire(kind, direction, _places);
        if (!_rules.Add(rule))
        {
            origins.Release(rule);
        }

        return (new Decision(action, s_specific[specific]), rule);
    }

    private readonly record struct Active(ResolvedSection Section, PolicyMatch Match);

    private readonly record struct Range(ushort First, ushort Last, Active What);
}
