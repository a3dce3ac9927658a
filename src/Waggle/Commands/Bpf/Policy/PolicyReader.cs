using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Policy;

/// <summary>Reads compiled policies from the pinned maps.</summary>
internal sealed class PolicyReader : IDisposable
{
    private readonly BpfMap<uint, PolicySubject> _subjects;
    private readonly BpfMap<PolicyPeerKey, PolicyPeer> _peers;
    private readonly BpfMap<PolicyRuleKey, PolicyRule> _rules;
    private readonly BpfPerCpuMap<uint, PolicyCounter> _counters;
    private readonly Lazy<ILookup<uint, (uint Identity, PolicyPeer Peer)>> _peersOf;
    private readonly Lazy<ILookup<uint, (PolicyRuleKey Key, PolicyRule Rule)>> _rulesOf;

    public PolicyReader(NodeMaps maps)
    {
        _subjects = maps.Open("policy_subjects").As<uint, PolicySubject>();
        _peers = maps.Open("policy_peers").As<PolicyPeerKey, PolicyPeer>();
        _rules = maps.Open("policy_rules").As<PolicyRuleKey, PolicyRule>();
        _counters = maps.Open("policy_counters").AsPerCpu<uint, PolicyCounter>();
        _peersOf = new(() => _peers.Entries().ToLookup(row => row.Key.Table, row => (row.Key.Identity, row.Value)));
        _rulesOf = new(() => _rules.Entries().ToLookup(row => row.Key.Table, row => (row.Key, row.Value)));
    }

    /// <summary>The subject's row; null when there is none.</summary>
    public PolicySubject? Subject(uint number) => _subjects.TryLookup(number, out var subject) ? subject : null;

    public IReadOnlyList<uint> Subjects() => [.. _subjects.Keys().Order()];

    /// <summary>Both directions of a subject.</summary>
    public IReadOnlyList<PolicyEntry> Entries(PolicySubject subject) => [.. Side("Ingress", subject.Ingress), .. Side("Egress", subject.Egress)];

    public void Dispose()
    {
        _subjects.Dispose();
        _peers.Dispose();
        _rules.Dispose();
        _counters.Dispose();
    }

    private IEnumerable<PolicyEntry> Side(string direction, PolicySide side)
    {
        if (side.Mode == (byte)PolicyMode.Off)
        {
            yield return Entry(direction, (byte)PolicyAction.Allow, (byte)PolicyAction.Allow, [], "ANY", -1, 0, 0);
            yield break;
        }

        // Peers of one class share their port rows: one line for all of them.
        var byClass = _peersOf.Value[side.Table].GroupBy(row => (row.Peer.Class, row.Peer.Decision, row.Peer.ShadowDecision, row.Peer.Rule)).OrderBy(group => group.Key.Class);
        var ports = _rulesOf.Value[side.Table].ToLookup(row => row.Key.Class);
        foreach (var group in byClass)
        {
            uint[] identities = [.. group.Select(row => row.Identity).Order()];
            foreach (var entry in PortEntries(direction, ports[group.Key.Class], identities))
            {
                yield return entry;
            }

            yield return Entry(direction, group.Key.Decision, group.Key.ShadowDecision, identities, "ANY", -1, 0, group.Key.Rule);
        }

        if (side.Other.Prefixes != 0)
        {
            foreach (var entry in PortEntries(direction, ports[side.Other.Class], []))
            {
                yield return entry;
            }
        }

        yield return Entry(direction, side.Other.Decision, side.Other.ShadowDecision, [], "ANY", -1, 0, side.Other.Rule);
    }

    private IEnumerable<PolicyEntry> PortEntries(string direction, IEnumerable<(PolicyRuleKey Key, PolicyRule Rule)> rows, uint[] identities) => rows
        .OrderBy(row => row.Key.Protocol).ThenBy(row => row.Key.Port).ThenByDescending(row => row.Key.PrefixLength)
        .Select(row => Entry(
            direction, row.Rule.Decision, row.Rule.ShadowDecision, identities, PolicyEntry.PortText(row.Key.Protocol, row.Key.PrefixLength, row.Key.Port), row.Key.PrefixLength,
            row.Rule.ProxyPort, row.Rule.Rule));

    private PolicyEntry Entry(string direction, byte decision, byte shadow, IReadOnlyList<uint> identities, string port, int prefix, ushort proxyPort, uint rule)
    {
        ulong packets = 0, bytes = 0;
        Span<PolicyCounter> values = new PolicyCounter[BpfCpu.PossibleCount];
        if (rule != 0 && _counters.TryLookup(rule, values))
        {
            foreach (var value in values)
            {
                packets += value.Packets;
                bytes += value.Bytes;
            }
        }

        return new PolicyEntry(direction, decision, shadow, identities, port, prefix, proxyPort, rule, packets, bytes);
    }
}
