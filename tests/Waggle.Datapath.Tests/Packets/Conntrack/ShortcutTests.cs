using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;
using Path = Waggle.Datapath.Abi.ConntrackPath;

namespace Waggle.Datapath.Tests.Packets.Conntrack;

/// <summary>
/// Packets of open connections that look up neither end. That one was taken shows where the maps are changed and nobody says so:
/// packets then go where they went before.
/// </summary>
public sealed class ShortcutTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_KnownPath_LooksNothingUp(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        var packet = Shortcut(pair, Path.PodToPod, port => pair.AtoB.UdpPorts(port, 53), () => Forget(pair), () => pair.Hook.AddEndpoint(B));
        Assert.Equal(Mac.OtherPod, packet.DestinationMac);
        Assert.Equal(63, packet.HopLimit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Shortcut_Counts_AsTheLongWay(bool ipv6)
    {
        List<(ulong, ulong, ulong, ulong)> counts = [];
        foreach (var keepsPaths in new[] { true, false })
        {
            using var pair = new PairHook(ipv6);
            if (!keepsPaths)
            {
                pair.Hook.Map<uint, ForwardingState>("forwarding_state").Update(0, default);
            }

            pair.Handshake();
            for (var i = 0; i < 4; i++)
            {
                pair.Request(Ack, 10).Redirected();
                pair.Reply(Ack, 20).Redirected();
            }

            var row = pair.Hook.Connection;
            Assert.Equal(keepsPaths, row.Initiator.Generation != 0 && row.Responder.Generation != 0);
            Assert.Equal((6ul, 5ul), (row.Initiator.Packets, row.Responder.Packets));
            counts.Add((row.Initiator.Bytes, row.Responder.Bytes, pair.Hook.Forwarded(TrafficDirection.Egress), pair.Hook.Forwarded(TrafficDirection.Ingress)));
        }

        Assert.Equal(counts[1], counts[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tunnel_KnownPath_LooksNothingUp(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        var key = new IpcacheKey { Address = Hook.Addr(pair.Remote) };
        var packet = Shortcut(
            pair, Path.PodToOverlay, port => PacketBuilder.Ip(pair.AddressA, pair.Remote).UdpPorts(port, 53),
            () => pair.Hook.Ipcache.Delete(key), () => pair.Hook.AddRemote(pair.Remote, Configs.RemoteNode4, 2001));
        Assert.Equal(63, packet.HopLimit);
    }

    /// <summary>What the long way would answer, refuse, tell or note.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packet_NotRoutine_TakesTheLongWay(bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        ushort port = 5000;
        foreach (var what in new[] { "last hop", "other sender", "other path", "fragment", "extension", "old", "cut", "draining", "short" })
        {
            port++;
            pair.Hook.AddEndpoint(B);
            for (var i = 0; i < 3; i++)
            {
                pair.FromA(pair.AtoB.UdpPorts(port, 53)).Redirected();
            }

            Forget(pair);
            var (key, entry) = Assert.Single(pair.Hook.Conntrack.Entries().Where(row => row.Key.LowPort == port).ToList());
            entry.Initiator.Kept -= what == "old" ? 100u : 0;
            entry.Initiator.From += what == "other sender" ? 1u : 0;
            entry.Initiator.Path += what == "other path" ? (byte)2 : (byte)0;
            entry.Flags |= what switch { "cut" => (ushort)ConntrackFlags.Cut, "draining" => (ushort)ConntrackFlags.Draining, _ => (ushort)0 };
            pair.Hook.Conntrack.Update(key, entry);
            var packet = what switch
            {
                "last hop" => pair.AtoB.UdpPorts(port, 53).HopLimit(1),
                "fragment" => pair.AtoB.Fragment(0, more: true).UdpPorts(port, 53, 512),
                "extension" => pair.AtoB.RouterAlert().UdpPorts(port, 53),
                "short" => pair.AtoB.ClaimLength(ipv6 ? 4 : 24).UdpPorts(port, 53),
                _ => pair.AtoB.UdpPorts(port, 53),
            };
            pair.FromA(packet);
            Assert.True(pair.Hook.Conntrack.TryLookup(key, out ConntrackEntry after));
            Assert.True(entry.Initiator.Packets == after.Initiator.Packets, what); // the receiver is forgotten: the long way admits nothing
        }
    }

    [Theory]
    [InlineData(Syn)]
    [InlineData(8 | Ack)]
    public void Segment_WithFlagsToNote_TakesTheLongWay(byte flags)
    {
        using var pair = new PairHook();
        pair.Handshake();
        pair.Request(Ack).Redirected();
        Forget(pair);
        Assert.NotEqual(TcAction.Redirect, pair.Request(flags).Action);
    }

    [Fact]
    public void BigPacket_ToTheTunnel_TakesTheLongWay()
    {
        using var pair = new PairHook();
        for (var i = 0; i < 3; i++)
        {
            pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Remote).UdpPorts(5000, 53, 1400)).Redirected();
        }

        pair.Hook.Ipcache.Delete(new IpcacheKey { Address = Hook.Addr(pair.Remote) });
        Assert.NotEqual(TcAction.Redirect, pair.FromA(PacketBuilder.Ip(pair.AddressA, pair.Remote).UdpPorts(5000, 53, 1400)).Action);
    }

    [Fact]
    public void Path_IsKept_OfSettledPacketsOnly()
    {
        using var pair = new PairHook();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        Assert.Equal(0u, pair.Hook.Connection.Initiator.Generation);
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        Assert.NotEqual(0u, pair.Hook.Connection.Initiator.Generation);
        Assert.Equal(0u, pair.Hook.Connection.Responder.Generation);
    }

    /// <summary>As if the agent was killed between a change and saying so: the path before ends by itself.</summary>
    [Fact]
    public void Path_ThatIsOld_IsLearntAnew()
    {
        using var pair = new PairHook();
        for (var i = 0; i < 3; i++)
        {
            pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        }

        pair.Hook.Endpoints.Update(new EndpointKey { Address = Hook.Addr(pair.AddressB) }, B with { PodMac = Mac.Abi(Mac.Gateway) });
        var (key, entry) = Assert.Single(pair.Hook.Conntrack.Entries().ToList());
        entry.Initiator.Kept -= 100;
        pair.Hook.Conntrack.Update(key, entry);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Mac.Gateway, pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected().DestinationMac);
        }
    }

    [Fact]
    public void EveryPacketTold_NoPathIsKept()
    {
        using var pair = new PairHook(configure: c => c with { TracePoints = 0xfff, TraceAggregation = (byte)TraceAggregation.Low });
        for (var i = 0; i < 3; i++)
        {
            pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        }

        Assert.Equal(0u, pair.Hook.Connection.Initiator.Generation);
    }

    [Fact]
    public void EveryPacketTold_NobodyLooks_PathIsKeptUntilSomebodyDoes()
    {
        using var pair = new PairHook(configure: c => c with { TracePoints = 0xfff, TraceAggregation = (byte)TraceAggregation.Low });
        var state = pair.Hook.Map<uint, TraceState>("trace_state");
        state.Update(0, new TraceState { Paused = 1 });
        var packet = Shortcut(pair, Path.PodToPod, port => pair.AtoB.UdpPorts(port, 53), () => Forget(pair), () => pair.Hook.AddEndpoint(B));
        Assert.Equal(Mac.OtherPod, packet.DestinationMac);
        pair.Hook.AddEndpoint(B);
        for (var i = 0; i < 3; i++)
        {
            pair.FromA(pair.AtoB.UdpPorts(4000, 53)).Redirected();
        }

        state.Update(0, default);
        Forget(pair);
        Assert.NotEqual(TcAction.Redirect, pair.FromA(pair.AtoB.UdpPorts(4000, 53)).Action);
    }

    [Fact]
    public void Rules_AreCounted_OnTheShortWayToo()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1, peers: (1002, Hook.Peer(Hook.AllowAll, rule: 7))));
        pair.Hook.SetRevision(2);
        for (var i = 0; i < 5; i++)
        {
            pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        }

        Assert.NotEqual(0u, pair.Hook.Connection.Initiator.Generation);
        Assert.Equal(5ul, pair.Hook.RuleCount(7).Packets);
    }

    /// <summary>
    /// A packet that went where the ones before it went, although what says so is gone. Paths are good for a moment only, which a busy
    /// machine may miss: then another connection is tried.
    /// </summary>
    private static PacketView Shortcut(PairHook pair, Path path, Func<ushort, PacketBuilder> packet, Action forget, Action remember)
    {
        for (ushort port = 5000; port < 5200; port++)
        {
            remember();
            for (var i = 0; i < 3; i++)
            {
                pair.FromA(packet(port)).Redirected();
            }

            Assert.Contains(pair.Hook.Conntrack.Entries(), row => row.Value.Initiator.Path == (byte)path);
            forget();
            var outcome = pair.FromA(packet(port));
            if (outcome.Action == TcAction.Redirect)
            {
                pair.Hook.ForwardingChanged();
                Assert.NotEqual(TcAction.Redirect, pair.FromA(packet(port)).Action);
                return outcome.Packet.Valid();
            }
        }

        throw new InvalidOperationException("no packet took the shortcut");
    }

    /// <summary>The receiver is no endpoint any more, and nobody says so: what is asked about it finds none.</summary>
    private static void Forget(PairHook pair)
    {
        pair.Hook.Endpoints.Update(new EndpointKey { Address = Hook.Addr(pair.AddressB) }, PairHook.B with { Identity = 9999, PolicySubject = 77 });
    }
}
