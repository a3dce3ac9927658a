using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Conntrack;

/// <summary>ICMP errors: those about a connection pass whatever policy says, others are ICMP like any other.</summary>
public sealed class RelatedTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Error_AboutAConnection_Passes(bool ipv6)
    {
        using var pair = Strict(ipv6);
        var request = pair.AtoB.UdpPorts(5000, 53).Build();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        pair.FromB(Unreachable(pair.BtoA, request, ipv6)).Redirected();
        Assert.Equal(1ul, pair.Hook.ConntrackCounts().Related);
        Assert.Equal(0ul, pair.Hook.Connection.Responder.Packets);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Error_AboutAnEcho_Passes(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, ingress: pair.Hook.Side(2));
        var request = pair.AtoB.Echo(9).Build();
        pair.FromA(pair.AtoB.Echo(9)).Redirected();
        pair.FromB(Unreachable(pair.BtoA, request, ipv6)).Redirected();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Error_AboutNothing_IsJudged(bool ipv6)
    {
        using var pair = Strict(ipv6);
        pair.FromB(Unreachable(pair.BtoA, pair.AtoB.UdpPorts(5000, 53).Build(), ipv6)).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Error_ToSomebodyElseThanTheQuotedSender_IsJudged()
    {
        using var pair = Strict(false);
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        // quotes B's own packet: no error about it goes to A
        pair.FromB(Unreachable(pair.BtoA, pair.BtoA.UdpPorts(53, 5000).Build(), false)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(23)]
    public void Error_QuotationCutShort_IsJudged(int bytes)
    {
        using var pair = Strict(false);
        var request = pair.AtoB.UdpPorts(5000, 53).Build();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        pair.FromB(pair.BtoA.IcmpError(3, 3, request, bytes)).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Error_AboutACutConnection_IsJudged()
    {
        using var pair = Strict(false);
        var request = pair.AtoB.UdpPorts(5000, 53).Build();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        pair.Hook.Change(c => c with { Flags = (ushort)(c.Flags | (int)ConntrackFlags.Cut) });
        pair.FromB(Unreachable(pair.BtoA, request, false)).Dropped(DropReason.PolicyDenied);
    }

    /// <summary>A may open UDP connections to B; nobody else may anything.</summary>
    private static PairHook Strict(bool ipv6)
    {
        var pair = new PairHook(ipv6);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1, peers: (1002, Hook.Peer(Hook.AllowAll, 5))), ingress: pair.Hook.Side(2));
        return pair;
    }

    private static PacketBuilder Unreachable(PacketBuilder packet, byte[] quoted, bool ipv6) =>
        ipv6 ? packet.IcmpError(1, 4, quoted) : packet.IcmpError(3, 3, quoted);
}
