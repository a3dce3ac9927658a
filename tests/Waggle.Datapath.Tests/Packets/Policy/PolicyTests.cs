using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>What policy allows to be opened between two pods of a node, and what the world hears of it.</summary>
public sealed class PolicyTests
{
    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    public void Egress_Denied_DropsAtTheSender(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1));
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
        pair.Reply(Syn).Redirected();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Ingress_Denied_DropsForTheReceiver(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(1));
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
        Assert.Empty(pair.Hook.Conntrack.Entries());
        pair.Reply(Syn).Redirected();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reply_Passes_WhateverItsOwnDirectionSays(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1, peers: (1002, Hook.Peer(Hook.AllowAll, 7))), ingress: pair.Hook.Side(2));
        pair.Hook.SetSubject(2, egress: pair.Hook.Side(3), ingress: pair.Hook.Side(4, peers: (1001, Hook.Peer(Hook.AllowAll, 8))));
        pair.Handshake();
        pair.Reply(Ack, 100).Redirected();
        Assert.Equal((7u, 8u), (pair.Hook.Connection.EgressRule, pair.Hook.Connection.IngressRule));
        Assert.Equal((2ul, 2ul), (pair.Hook.RuleCount(7).Packets, pair.Hook.RuleCount(8).Packets));
        pair.FromB(pair.BtoA.TcpPorts(81, 40000, Syn)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(80, true)]
    [InlineData(81, false)]
    [InlineData(8000, true)]
    [InlineData(8191, true)]
    [InlineData(8192, false)]
    public void Ports_LongestPrefixDecides(ushort port, bool allowed)
    {
        using var pair = new PairHook();
        var peer = Hook.Peer(Hook.Deny, 0, 3, (1u << 16) | (1u << 8) | (1u << (int)PolicyProtocolBit.Tcp));
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(9, peers: (1001, peer)));
        pair.Hook.AddRule(9, 3, PacketBuilder.Tcp, 80, Hook.AllowPort, 1);
        pair.Hook.AddRule(9, 3, PacketBuilder.Tcp, 0x1f00, Hook.AllowPort, 2, 8); // 7936 … 8191
        pair.Hook.AddRule(9, 3, PacketBuilder.Tcp, 7999, Hook.DenyRule, 3);
        var outcome = pair.FromA(pair.AtoB.TcpPorts(1000, port));
        Assert.Equal(allowed ? TcAction.Redirect : TcAction.Shot, outcome.Action);
        pair.FromA(pair.AtoB.TcpPorts(1000, 7999)).Dropped(DropReason.PolicyDeny);
        pair.FromA(pair.AtoB.UdpPorts(1000, 80)).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Protocols_WithoutPorts_HaveRowsOfTheirOwn()
    {
        using var pair = new PairHook();
        var peer = Hook.Peer(Hook.Deny, 0, 3, 1u | (1u << 16) | (1u << (int)PolicyProtocolBit.Other) | (1u << (int)PolicyProtocolBit.Icmp));
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(9, peers: (1001, peer)));
        pair.Hook.AddRule(9, 3, 47, 0, Hook.AllowPort, 1, 0);
        pair.Hook.AddRule(9, 3, PacketBuilder.Icmp, 8, Hook.AllowPort, 2);
        pair.FromA(pair.AtoB.Payload(47, new byte[8])).Redirected();
        pair.FromA(pair.AtoB.Payload(50, new byte[8])).Dropped(DropReason.PolicyDenied);
        pair.FromA(pair.AtoB.Echo(1)).Redirected();
        pair.FromA(pair.AtoB.IcmpMessage([13, 0, 0, 0, 0, 0, 0, 0])).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Echo_OfTheOtherEndWithTheSameIdentifier_IsNoReply(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, ingress: pair.Hook.Side(1));
        pair.FromA(pair.AtoB.Echo(5)).Redirected();
        pair.FromB(pair.BtoA.Echo(5)).Dropped(DropReason.PolicyDenied);
        pair.FromB(pair.BtoA.Echo(5, reply: true)).Redirected();
        pair.FromB(pair.BtoA.Echo(6, reply: true)).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Syn_OfTheOtherEndOnAnOpenConnection_IsJudged()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(1, ingress: pair.Hook.Side(1));
        pair.Handshake();
        pair.Reply(Syn).Dropped(DropReason.PolicyDenied);
        pair.Reply(Ack).Redirected();
    }

    [Fact]
    public void MidStream_IsJudgedAsIfItOpened()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(1, ingress: pair.Hook.Side(1));
        pair.Reply(Ack).Dropped(DropReason.PolicyDenied);
        pair.Request(Ack).Redirected();
        pair.Reply(Ack).Redirected();
        Assert.Equal(1ul, pair.Hook.ConntrackCounts().MidStream);
    }

    [Fact]
    public void Redirect_WithoutProxy_FailsClosed()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(1, peers: (1001, Hook.Peer(((byte)PolicyMatch.L3L4 << 4) | (byte)PolicyAction.Redirect, 4))));
        pair.Request(Syn).Dropped(DropReason.PolicyDeny);
    }

    [Fact]
    public void Subject_WithoutRow_FailsClosed()
    {
        using var pair = new PairHook();
        pair.Hook.Subjects.Delete(2);
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Policy_Off_AsksNobody()
    {
        using var pair = new PairHook(configure: c => c with { PolicyEnabled = 0 });
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(1));
        pair.Handshake();
    }

    [Fact]
    public void Fragment_WithoutTheFirst_OnlyWherePolicyAsks()
    {
        using var pair = new PairHook();
        var fragment = pair.AtoB.Fragment(65, more: false).Payload(PacketBuilder.Udp, new byte[100]);
        pair.FromA(fragment).Redirected();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(1, other: Hook.AllowAll));
        pair.FromA(fragment).Dropped(DropReason.FragmentNotFound);
    }

    [Fact]
    public void Remote_EgressIsAskedHere()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1, peers: (2001, Hook.Peer(Hook.AllowAll, 3))));
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Remote).UdpPorts(1, 2)).Redirected();
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.World).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Router).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(2, peers: [((uint)ReservedIdentity.Host, Hook.Peer(Hook.AllowAll, 3)), ((uint)ReservedIdentity.World, Hook.Peer(Hook.AllowAll, 4))]));
        pair.Hook.SetRevision(2);
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.World).UdpPorts(1, 2)).Passed();
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Router).UdpPorts(1, 2)).Passed();
        pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Remote).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void NeighbourDiscovery_IsNoMatterOfPolicy(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1));
        Assert.Equal([DropReason.NeighbourHandled], pair.FromA(PacketBuilder.ArpRequest(Mac.Pod, Configs.Pod4, Configs.Router4)).Reasons);
    }
}
