using System.Buffers.Binary;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>What a pod hears of a denied packet, by policy-deny-response.</summary>
public sealed class DenyResponseTests
{
    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    public void Icmp_ProhibitedFromTheRouter_QuotingThePacket(bool ipv6)
    {
        using var pair = Denying(ipv6, DenyResponse.Icmp);
        var outcome = pair.Request(Syn);
        var answer = outcome.Redirected().Valid();
        Assert.Equal([DropReason.PolicyDenied], outcome.Reasons);
        Assert.Equal((pair.Router, pair.AddressA), (answer.Source, answer.Destination));
        Assert.Equal(ipv6 ? (1, 1) : (3, 13), (answer.Payload[0], answer.Payload[1]));
        Assert.Equal((pair.AddressB, Port), (answer.Quoted.Destination, answer.Quoted.DestinationPort));
        Assert.Equal([.. Mac.Pod, .. Mac.Gateway], answer.Frame[..12]);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reset_ToASyn_AcknowledgesIt(bool ipv6)
    {
        using var pair = Denying(ipv6, DenyResponse.Reset);
        var outcome = pair.Request(Syn);
        var answer = outcome.Redirected().Valid();
        Assert.Equal([DropReason.PolicyDenied], outcome.Reasons);
        Assert.Equal((pair.AddressB, pair.AddressA, Port, ClientPort), (answer.Source, answer.Destination, answer.SourcePort, answer.DestinationPort));
        Assert.Equal((Rst | Ack, 0u, 0x01020305u), Tcp(answer));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reset_ToASegmentWithAck_TakesItsNumber(bool ipv6)
    {
        using var pair = Denying(ipv6, DenyResponse.Reset);
        var answer = pair.Request(Ack | Fin, 300).Redirected().Valid();
        Assert.Equal((Rst, 0u, 0u), Tcp(answer));
        var (flags, _, acknowledged) = Tcp(pair.Request(Fin, 300).Redirected().Valid());
        Assert.Equal((Rst | Ack, 0x01020304u + 301), (flags, acknowledged));
    }

    [Fact]
    public void Reset_ToAReset_IsNone()
    {
        using var pair = Denying(false, DenyResponse.Reset);
        pair.Request(Rst).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reset_ToADatagram_IsIcmp(bool ipv6)
    {
        using var pair = Denying(ipv6, DenyResponse.Reset);
        var answer = pair.FromA(pair.AtoB.UdpPorts(1, 2)).Redirected().Valid();
        Assert.Equal(pair.Router, answer.Source);
    }

    [Fact]
    public void Icmp_ToAnErrorOrALaterFragment_IsNone()
    {
        using var pair = Denying(false, DenyResponse.Icmp);
        pair.FromA(pair.AtoB.IcmpError(3, 3, pair.BtoA.UdpPorts(1, 2).Build())).Dropped(DropReason.PolicyDenied);
        pair.FromA(pair.AtoB.Fragment(65, more: false).Payload(PacketBuilder.Udp, new byte[64])).Dropped(DropReason.FragmentNotFound);
    }

    [Fact]
    public void Reset_OfACutConnection_TellsBothEnds()
    {
        using var pair = new PairHook(configure: c => c with { DenyResponse = (byte)DenyResponse.Reset });
        pair.Handshake();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(7));
        pair.Hook.SetRevision(2);
        Assert.Equal((Rst, 0u, 0u), Tcp(pair.Request(Ack, 10).Redirected().Valid()));
        Assert.Equal((Rst, 0u, 0u), Tcp(pair.Reply(Ack, 10).Redirected().Valid()));
    }

    private static PairHook Denying(bool ipv6, DenyResponse response)
    {
        var pair = new PairHook(ipv6, c => c with { DenyResponse = (byte)response });
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(1));
        return pair;
    }

    private static (byte Flags, uint Sequence, uint Acknowledged) Tcp(PacketView packet)
    {
        Assert.Equal((6, 20), (packet.Protocol, packet.Payload.Length));
        return (packet.Payload[13], BinaryPrimitives.ReadUInt32BigEndian(packet.Payload.AsSpan(4)), BinaryPrimitives.ReadUInt32BigEndian(packet.Payload.AsSpan(8)));
    }
}
