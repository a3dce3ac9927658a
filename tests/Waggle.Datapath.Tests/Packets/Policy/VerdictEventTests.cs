using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Verdict and drop events: who, which way, which rule.</summary>
public sealed class VerdictEventTests
{
    [Fact]
    public void Verdict_NewConnection_OnePerSideThatIsEnforced()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1, peers: (1002, Hook.Peer(Hook.AllowAll, 7))));
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(4, peers: (1001, Hook.Peer(Hook.Deny, 0, 2, Hook.ExactPorts))));
        pair.Hook.AddRule(4, 2, PacketBuilder.Tcp, 80, Hook.AllowPort, 8);
        var verdicts = pair.Hook.Verdicts(pair.Handshake);
        Assert.Equal(2, verdicts.Count);
        Assert.Equal(
            (11u, (byte)TrafficDirection.Egress, 7u, 1002u, (byte)PolicyMatch.All),
            (verdicts[0].Header.EndpointId, verdicts[0].Direction, verdicts[0].Rule, verdicts[0].RemoteIdentity, verdicts[0].Match));
        Assert.Equal(
            (12u, (byte)TrafficDirection.Ingress, 8u, 1001u, (byte)PolicyMatch.L3L4),
            (verdicts[1].Header.EndpointId, verdicts[1].Direction, verdicts[1].Rule, verdicts[1].RemoteIdentity, verdicts[1].Match));
        Assert.All(verdicts, v => Assert.Equal(
            ((byte)PolicyAction.Allow, (ushort)80, (byte)6, 1001u, 1002u, (byte)0), (v.Action, v.DestinationPort, v.Protocol, v.Header.SourceIdentity, v.Header.DestinationIdentity, v.Ipv6)));
    }

    [Fact]
    public void Verdict_Denied_WithTheDropBehindIt()
    {
        using var pair = new PairHook(ipv6: true);
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(4, other: Hook.DenyRule, otherRule: 21));
        var records = pair.Hook.Events(() => pair.Request(Syn).Dropped(DropReason.PolicyDeny));
        Assert.Equal([(byte)EventType.Verdict, (byte)EventType.Drop], records.Select(r => r[0]));
        var verdict = MemoryMarshal.Read<VerdictEvent>(records[0]);
        var drop = MemoryMarshal.Read<DropEvent>(records[1]);
        Assert.Equal(((byte)PolicyAction.Deny, 21u, (byte)1), (verdict.Action, verdict.Rule, verdict.Ipv6));
        Assert.Equal(((byte)DropReason.PolicyDeny, 21u, (byte)TrafficDirection.Ingress, 12u), (drop.Reason, drop.Rule, drop.Direction, drop.Header.EndpointId));
        Assert.Equal(1ul, pair.Hook.RuleCount(21).Packets);
    }

    [Fact]
    public void Drop_ByTheDefault_NamesItsRuleButIsNoDenyRule()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(4, otherRule: 21));
        var records = pair.Hook.Events(() => pair.Request(Syn).Dropped(DropReason.PolicyDenied));
        Assert.Equal(21u, MemoryMarshal.Read<DropEvent>(records[^1]).Rule);
    }

    [Fact]
    public void Verdict_Audit_PassesAndSaysSo()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(4, PolicyMode.Audit));
        var verdict = Assert.Single(pair.Hook.Verdicts(pair.Handshake));
        Assert.Equal((byte)PolicyAction.Audit, verdict.Action);
        Assert.NotEqual(0, pair.Hook.Connection.Flags & (int)ConntrackFlags.Audited);
    }

    [Fact]
    public void Verdict_Shadow_IsToldEvenWhereVerdictsAreNot()
    {
        using var pair = new PairHook();
        var side = pair.Hook.Side(4);
        side.Other = new PolicyPeer { Decision = Hook.AllowAll, Rule = 1, ShadowDecision = Hook.Deny, ShadowRule = 9 };
        pair.Hook.Subjects.Update(2, new PolicySubject { Ingress = side });
        var verdict = Assert.Single(pair.Hook.Verdicts(pair.Handshake));
        Assert.Equal(((byte)PolicyAction.Allow, 1u, (byte)PolicyAction.Deny, 9u), (verdict.Action, verdict.Rule, verdict.ShadowAction, verdict.ShadowRule));
        side.Other = new PolicyPeer { Decision = Hook.AllowAll, Rule = 1, ShadowDecision = Hook.AllowAll, ShadowRule = 1 };
        pair.Hook.Subjects.Update(2, new PolicySubject { Ingress = side });
        Assert.Empty(pair.Hook.Verdicts(() => pair.FromA(pair.AtoB.UdpPorts(1, 2)).Redirected()));
    }

    [Fact]
    public void Verdict_AskedAgain_OnlyWhereSomethingChanged()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(4, peers: (1001, Hook.Peer(Hook.AllowAll, 7))));
        pair.Handshake();
        pair.Hook.SetRevision(2);
        Assert.Empty(pair.Hook.Verdicts(() => pair.Request(Ack)));
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(5));
        pair.Hook.SetRevision(3);
        Assert.Single(pair.Hook.Verdicts(() => pair.Request(Ack)));
        Assert.Empty(pair.Hook.Verdicts(() => pair.Request(Ack)));
    }
}
