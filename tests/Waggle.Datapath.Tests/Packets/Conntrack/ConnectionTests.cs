using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Conntrack;

/// <summary>What one packet after the other makes of a connection's row; no policy is in force.</summary>
public sealed class ConnectionTests
{
    private static readonly ConntrackFlags Sides = ConntrackFlags.LowInitiated;

    /// <summary>Segments (a: from the initiator, b: from the responder), flags after them, seconds that it lives on.</summary>
    public static TheoryData<string, ConntrackFlags, uint> Lives => new()
    {
        { "aS", 0, 60 },
        { "aS aS", 0, 60 },
        { "aS bSA", ConntrackFlags.SeenReply, 8000 },
        { "aS bSA aA", ConntrackFlags.SeenReply, 8000 },
        { "aS bRA", ConntrackFlags.SeenReply | ConntrackFlags.Reset, 10 },
        { "aS bSA aA aFA", ConntrackFlags.SeenReply | ConntrackFlags.FinInitiator, 8000 },
        { "aS bSA aA bFA", ConntrackFlags.SeenReply | ConntrackFlags.FinResponder, 8000 },
        { "aS bSA aA aFA bFA aA", ConntrackFlags.SeenReply | ConntrackFlags.FinInitiator | ConntrackFlags.FinResponder, 10 },
        { "aS bSA aA aRA", ConntrackFlags.SeenReply | ConntrackFlags.Reset, 10 },
        { "aS bSA aA aRA aS", 0, 60 },
        { "aS bSA aA aFA bFA aA aS bSA", ConntrackFlags.SeenReply, 8000 },
        { "aA", ConntrackFlags.MidStream, 8000 },
        { "aPA", ConntrackFlags.MidStream, 8000 },
        { "aA bA", ConntrackFlags.MidStream | ConntrackFlags.SeenReply, 8000 },
    };

    [Theory]
    [MemberData(nameof(Lives))]
    public void Tcp_Segments_GiveFlagsAndLifetime(string segments, ConntrackFlags flags, uint lifetime)
    {
        foreach (var ipv6 in new[] { false, true })
        {
            using var pair = new PairHook(ipv6);
            foreach (var segment in segments.Split(' '))
            {
                var bits = segment[1..].Aggregate(0, (b, c) => b | c switch { 'S' => Syn, 'A' => Ack, 'F' => Fin, 'R' => Rst, _ => 8 });
                (segment[0] == 'a' ? pair.Request((byte)bits) : pair.Reply((byte)bits)).Redirected();
            }

            var row = pair.Hook.Connection;
            Assert.Equal(flags | Sides, (ConntrackFlags)row.Flags);
            Assert.InRange(row.Expires - row.Created, lifetime, lifetime + 45);
            Assert.Equal((1001u, 1002u), (row.InitiatorIdentity, row.ResponderIdentity));
        }
    }

    [Fact]
    public void Tcp_ResetWithoutConnection_PassesAndIsForgotten()
    {
        using var pair = new PairHook();
        pair.Request(Rst).Redirected();
        Assert.Empty(pair.Hook.Conntrack.Entries());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Connection_BothWays_IsOneRowThatCountsEachDirection(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        var request = pair.AtoB.UdpPorts(5000, 53, 20).Build();
        var reply = pair.BtoA.UdpPorts(53, 5000, 100).Build();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53, 20)).Redirected();
        pair.FromB(pair.BtoA.UdpPorts(53, 5000, 100)).Redirected();
        pair.FromB(pair.BtoA.UdpPorts(53, 5000, 100)).Redirected();
        var row = pair.Hook.Connection;
        Assert.Equal((1ul, (ulong)request.Length, 2ul, 2 * (ulong)reply.Length), (row.Initiator.Packets, row.Initiator.Bytes, row.Responder.Packets, row.Responder.Bytes));
        Assert.Equal(ConntrackFlags.LowInitiated | ConntrackFlags.SeenReply, (ConntrackFlags)row.Flags);
        Assert.InRange(row.Expires - row.Created, 60u, 105u);
        Assert.Equal((1ul, 0ul), (pair.Hook.ConntrackCounts().Created, pair.Hook.ConntrackCounts().Reused));
    }

    [Fact]
    public void Connection_OpenedByTheHighEnd_IsMarkedSo()
    {
        using var pair = new PairHook();
        pair.FromB(pair.BtoA.UdpPorts(5000, 53)).Redirected();
        pair.FromA(pair.AtoB.UdpPorts(53, 5000)).Redirected();
        var row = pair.Hook.Connection;
        Assert.Equal(ConntrackFlags.SeenReply, (ConntrackFlags)row.Flags);
        Assert.Equal((1002u, 1001u), (row.InitiatorIdentity, row.ResponderIdentity));
    }

    [Fact]
    public void Connection_Expired_IsTakenOverByTheNextOne()
    {
        using var pair = new PairHook();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        pair.Hook.Expire();
        pair.FromB(pair.BtoA.UdpPorts(53, 5000)).Redirected();
        Assert.Equal((1002u, 1ul, 0ul), (pair.Hook.Connection.InitiatorIdentity, pair.Hook.Connection.Initiator.Packets, pair.Hook.Connection.Responder.Packets));
        Assert.Equal((1ul, 1ul), (pair.Hook.ConntrackCounts().Created, pair.Hook.ConntrackCounts().Reused));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Echo_RequestAndReply_AreOneConnection(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.FromA(pair.AtoB.Echo(77)).Redirected();
        pair.FromB(pair.BtoA.Echo(77, reply: true)).Redirected();
        pair.FromA(pair.AtoB.Echo(77)).Redirected();
        Assert.Equal((2ul, 1ul), (pair.Hook.Connection.Initiator.Packets, pair.Hook.Connection.Responder.Packets));
        pair.FromA(pair.AtoB.Echo(78)).Redirected();
        Assert.Equal(2, pair.Hook.Conntrack.Entries().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fragments_FollowTheFirstOnesPorts(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        pair.FromA(pair.AtoB.Fragment(0, more: true).UdpPorts(5000, 53, 512)).Redirected();
        pair.FromA(pair.AtoB.Fragment(65, more: false).Payload(PacketBuilder.Udp, new byte[100])).Redirected();
        Assert.Equal(2ul, pair.Hook.Connection.Initiator.Packets);
    }

    [Fact]
    public void Sctp_IsTrackedByItsPorts()
    {
        using var pair = new PairHook();
        byte[] Sctp(ushort from, ushort to) => [(byte)(from >> 8), (byte)from, (byte)(to >> 8), (byte)to, .. new byte[20]];
        pair.FromA(pair.AtoB.Payload(132, Sctp(5000, 9899))).Redirected();
        pair.FromB(pair.BtoA.Payload(132, Sctp(9899, 5000))).Redirected();
        pair.FromA(pair.AtoB.Payload(132, Sctp(5001, 9899))).Redirected();
        Assert.Equal([(1ul, 0ul), (1ul, 1ul)], pair.Hook.Conntrack.Entries().Select(e => (e.Value.Initiator.Packets, e.Value.Responder.Packets)).Order());
    }

    [Fact]
    public void OtherProtocols_AreOneConnectionPerPair()
    {
        using var pair = new PairHook();
        pair.FromA(pair.AtoB.Payload(47, new byte[20])).Redirected();
        pair.FromB(pair.BtoA.Payload(47, new byte[20])).Redirected();
        Assert.Equal((1ul, 1ul), (pair.Hook.Connection.Initiator.Packets, pair.Hook.Connection.Responder.Packets));
    }

    /// <summary>Protocol and bytes behind the IP header that are too few for it.</summary>
    [Theory]
    [InlineData(PacketBuilder.Tcp, 19)]
    [InlineData(PacketBuilder.Tcp, 0)]
    [InlineData(PacketBuilder.Udp, 7)]
    [InlineData(132, 11)]
    [InlineData(PacketBuilder.Icmp, 7)]
    public void Transport_CutShort_Dropped(byte protocol, int length)
    {
        using var pair = new PairHook();
        pair.FromA(pair.AtoB.Payload(protocol, new byte[length])).Dropped(DropReason.InvalidPacket);
        Assert.Empty(pair.Hook.Conntrack.Entries());
    }

    [Fact]
    public void Conntrack_Off_KeepsNoRowsAndForwardsTheSame()
    {
        using var pair = new PairHook(configure: c => c with { ConntrackEnabled = 0, PolicyEnabled = 0 });
        pair.Handshake();
        Assert.Empty(pair.Hook.Conntrack.Entries());
    }

    [Fact]
    public void Map_Full_EvictsOldRowsAndEveryConnectionGoesOn()
    {
        using var pair = new PairHook();
        for (var i = 0; i < 20000; i += 1)
        {
            pair.FromA(pair.AtoB.UdpPorts((ushort)(1024 + i), 53)).Redirected();
        }

        Assert.InRange(pair.Hook.Conntrack.Entries().Count(), 1000, 16384);
        Assert.Equal(0ul, pair.Hook.ConntrackCounts().InsertFailed);
    }
}
