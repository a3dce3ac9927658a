using System.Runtime.InteropServices;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>Compiled policy and connections in the maps of a hook.</summary>
internal sealed partial class Hook
{
    public const byte AllowAll = ((byte)PolicyMatch.All << 4) | (byte)PolicyAction.Allow;
    public const byte Deny = (byte)PolicyAction.Deny;
    public const byte DenyRule = ((byte)PolicyMatch.L3L4 << 4) | (byte)PolicyAction.Deny;
    public const byte AllowPort = ((byte)PolicyMatch.L3L4 << 4) | (byte)PolicyAction.Allow;

    /// <summary>Bits of policy_peer.prefixes: exact ports of TCP and UDP.</summary>
    public const uint ExactPorts = (1u << 16) | (1u << (int)PolicyProtocolBit.Tcp) | (1u << (int)PolicyProtocolBit.Udp);

    public BpfMap<uint, PolicySubject> Subjects => Map<uint, PolicySubject>("policy_subjects");

    public BpfMap<PolicyPeerKey, PolicyPeer> Peers => Map<PolicyPeerKey, PolicyPeer>("policy_peers");

    public BpfMap<PolicyRuleKey, PolicyRule> Rules => Map<PolicyRuleKey, PolicyRule>("policy_rules");

    public BpfMap<ConntrackKey, ConntrackEntry> Conntrack => Map<ConntrackKey, ConntrackEntry>("conntrack");

    /// <summary>The one connection there is.</summary>
    public ConntrackEntry Connection => Assert.Single(Conntrack.Entries().ToList()).Value;

    /// <summary>A side that knows the given peers and treats all others by <paramref name="other"/>.</summary>
    public PolicySide Side(uint table, PolicyMode mode = PolicyMode.On, byte other = Deny, uint otherRule = 0, params (uint Identity, PolicyPeer Peer)[] peers)
    {
        foreach (var (identity, peer) in peers)
        {
            Peers.Update(new PolicyPeerKey { Table = table, Identity = identity }, peer);
        }

        return new PolicySide
        {
            Table = table,
            Mode = (byte)mode,
            Other = new PolicyPeer { Decision = other, ShadowDecision = other, Rule = otherRule, ShadowRule = otherRule },
        };
    }

    public static PolicyPeer Peer(byte decision, uint rule = 0, ushort @class = 0, uint prefixes = 0) =>
        new() { Decision = decision, ShadowDecision = decision, Rule = rule, ShadowRule = rule, Class = @class, Prefixes = prefixes };

    public void AddRule(uint table, ushort @class, byte protocol, ushort port, byte decision, uint rule, byte length = 16) =>
        Rules.Update(
            new PolicyRuleKey { Table = table, Class = @class, Protocol = protocol, PrefixLength = length, Port = port },
            new PolicyRule { Decision = decision, ShadowDecision = decision, Rule = rule, ShadowRule = rule });

    public void SetSubject(uint number, PolicySide egress = default, PolicySide ingress = default, PolicyOnDeny onDeny = PolicyOnDeny.Cut, ushort drain = 0) =>
        Subjects.Update(number, new PolicySubject { Egress = egress, Ingress = ingress, OnDeny = (byte)onDeny, DrainSeconds = drain, VerdictEvents = 1 });

    public void SetRevision(uint revision)
    {
        Map<uint, PolicyState>("policy_state").Update(0, new PolicyState { Revision = revision });
        ForwardingChanged();
    }

    public (ulong Packets, ulong Bytes) RuleCount(uint rule)
    {
        using var map = loaded.GetMap("policy_counters").AsPerCpu<uint, PolicyCounter>();
        var values = new PolicyCounter[BpfCpu.PossibleCount];
        map.TryLookup(rule, values);
        return ((ulong)values.Sum(v => (long)v.Packets), (ulong)values.Sum(v => (long)v.Bytes));
    }

    public ConntrackCounters ConntrackCounts()
    {
        using var map = loaded.GetMap("conntrack_counters").AsPerCpu<uint, ConntrackCounters>();
        var values = new ConntrackCounters[BpfCpu.PossibleCount];
        map.TryLookup(0, values);
        var sum = default(ConntrackCounters);
        foreach (var v in values)
        {
            sum.Created += v.Created;
            sum.Reused += v.Reused;
            sum.MidStream += v.MidStream;
            sum.Closed += v.Closed;
            sum.InsertFailed += v.InsertFailed;
            sum.EvaluatedAgain += v.EvaluatedAgain;
            sum.Cut += v.Cut;
            sum.Related += v.Related;
        }

        return sum;
    }

    /// <summary>Changes the only connection, whose next packets then take the long way.</summary>
    public void Change(Func<ConntrackEntry, ConntrackEntry> change)
    {
        var (key, entry) = Assert.Single(Conntrack.Entries().ToList());
        entry.Initiator.Generation = entry.Responder.Generation = 0;
        Conntrack.Update(key, change(entry));
    }

    /// <summary>As if nothing had been sent for longer than the connection lives.</summary>
    public void Expire() => Change(entry => entry with { Expires = entry.Expires - 10000 });

    /// <summary>What the programs tell while an action runs.</summary>
    public List<byte[]> Events(Action action)
    {
        List<byte[]> records = [];
        using var ring = new RingBuffer(RawMap("events"), record => records.Add(record.ToArray()));
        ring.Consume();
        records.Clear();
        action();
        ring.Consume();
        return records;
    }

    public List<VerdictEvent> Verdicts(Action action) =>
        [.. Events(action).Where(r => r[0] == (byte)EventType.Verdict).Select(r => MemoryMarshal.Read<VerdictEvent>(r))];
}
