using Waggle.Policy.Identities;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

public sealed partial class PolicyEngine
{
    /// <summary>What a rule number stands for; null for 0 and for numbers not in use.</summary>
    public RuleOrigin? Describe(uint rule) => rule == 0 ? null : _origins.Describe(rule);

    /// <summary>The row of a subject as of the last commit; null when there is no such subject.</summary>
    public SubjectRow? Subject(uint subject) => _subjects.GetValueOrDefault(subject)?.Row;

    /// <summary>The subjects that a policy applies to, as of the last commit.</summary>
    public IReadOnlyCollection<uint> SubjectsOf(PolicyKey key) => _subjectsOf.TryGetValue(key, out HashSet<uint>? subjects) ? subjects : [];

    /// <summary>The whole table, as the kernel should hold it after the last commit; null when there is none of this number.</summary>
    public TableImage? Table(uint table) => _tablesByNumber.TryGetValue(table, out (TableKey Key, CompiledTable Table) entry) ? entry.Table.Image(_identities) : null;

    /// <summary>What the compiled tables say of a packet, by the kernel's own algorithm.</summary>
    /// <param name="subject">Whose policy.</param>
    /// <param name="direction">Seen from the subject.</param>
    /// <param name="peer">Identity of the other side.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Destination port, or ICMP type; 0 for other protocols.</param>
    public Verdict Evaluate(uint subject, Direction direction, uint peer, byte protocol, ushort port) =>
        ContentOf(subject, direction, peer)?.Evaluate(protocol, port) ?? SideOf(subject, direction).Other.Verdict;

    public PolicyUsage Usage() => new(
        _policies.Count, _identities.Count, _subjects.Count, _tables.Count, _capacity.Peers, _capacity.Ports, _tables.Values.Sum(t => t.Classes), _origins.Count, _cidrs.Count);

    /// <summary>What holds between a subject and a peer; null when the direction is off or closed.</summary>
    internal Content? ContentOf(uint subject, Direction direction, uint peer)
    {
        if (!_subjects.TryGetValue(subject, out SubjectState? state) || TableOf(state, direction) is not { } table)
        {
            return null;
        }

        IdentityInfo? info = _identities.Find(peer);
        return (info is null || table.Unfit.Contains(peer)) && table.IsClosedToStrangers ? null : table.ContentOf(info is null ? [] : _selectors.Matching(info.Labels), info);
    }

    /// <summary>All that explains a verdict: the table (null when off or closed), the selectors that match the peer, and the peer.</summary>
    internal (CompiledTable? Table, HashSet<PeerSelector> Matching, IdentityInfo? Peer) View(uint subject, Direction direction, uint peer)
    {
        IdentityInfo? info = _identities.Find(peer);
        return (_subjects.TryGetValue(subject, out SubjectState? state) ? TableOf(state, direction) : null, info is null ? [] : [.. _selectors.Matching(info.Labels)], info);
    }

    internal (IReadOnlyList<PeerSelector> Matching, IdentityInfo? Info) Peer(uint identity)
    {
        IdentityInfo? info = _identities.Find(identity);
        return (info is null ? [] : _selectors.Matching(info.Labels), info);
    }

    internal CompiledTable? TableOf(uint subject, Direction direction) => _subjects.TryGetValue(subject, out SubjectState? state) ? TableOf(state, direction) : null;

    /// <summary>The rules that apply to a subject.</summary>
    internal IReadOnlyList<RuleEntry> RulesOf(uint subject) => _subjects.TryGetValue(subject, out SubjectState? state) ? state.Rules : [];

    internal SubjectSpec? SpecOf(uint subject) => _subjects.GetValueOrDefault(subject)?.Spec;

    internal IReadOnlyCollection<uint> Subjects => _subjects.Keys;

    internal IReadOnlyCollection<IdentityInfo> Identities => _identities.All;

    internal IReadOnlyCollection<CompiledTable> Tables => _tables.Values;

    internal Referents Referents => _referents;

    internal IReadOnlyCollection<RuleOrigin> Origins => _origins.All;

    internal SubjectSide SideOf(uint subject, Direction direction)
    {
        SubjectRow? row = Subject(subject);
        return row is null ? SubjectSide.Off : direction == Direction.Ingress ? row.Ingress : row.Egress;
    }

    private static CompiledTable? TableOf(SubjectState state, Direction direction) => direction == Direction.Ingress ? state.Ingress : state.Egress;
}
