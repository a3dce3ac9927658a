using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodForwardTests(PodHook pod) : IClassFixture<PodHook>
{
    public static TheoryData<string, string> Locals => new() { { Configs.Pod4, Configs.Other4 }, { Configs.Pod6, Configs.Other6 } };

    public static TheoryData<string, string> Remotes => new() { { Configs.Pod4, Configs.Remote4 }, { Configs.Pod6, Configs.Remote6 } };

    [Theory]
    [MemberData(nameof(Locals))]
    public void Pod_Local_FrameReadyForTheOtherPod(string source, string destination)
    {
        var sent = PacketBuilder.Ip(source, destination).TcpPorts(1000, 80, payload: 5);
        var got = pod.FromPod(sent).Redirected().Valid();
        Assert.Equal([.. Mac.OtherPod, .. Mac.OtherGateway], got.Frame[..12]);
        Assert.Equal(63, got.HopLimit);
        Assert.Equal(sent.HopLimit(63).Macs(Mac.OtherGateway, Mac.OtherPod).Build(), got.Frame);
    }

    [Theory]
    [MemberData(nameof(Locals))]
    public void Pod_Local_CountedInBothDirections(string source, string destination)
    {
        var (egress, ingress) = (pod.Hook.Forwarded(TrafficDirection.Egress), pod.Hook.Forwarded(TrafficDirection.Ingress));
        pod.FromPod(PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Redirected();
        Assert.Equal((egress + 1, ingress + 1), (pod.Hook.Forwarded(TrafficDirection.Egress), pod.Hook.Forwarded(TrafficDirection.Ingress)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(17)]
    public void Pod_Local_HeaderChecksumFollowsTtl(byte ttl)
    {
        for (ushort id = 0; id < 300; id++)
        {
            var got = pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).HopLimit(ttl).Fragment(0, false, (ushort)(id * 219)).UdpPorts(id, 2)).Redirected();
            Assert.Equal(ttl - 1, got.Valid().HopLimit);
        }
    }

    [Fact]
    public void Pod_Local_OwnAddressComesBack() =>
        Assert.Equal(Mac.Pod, pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Pod4).UdpPorts(1, 2)).Redirected().DestinationMac);

    [Theory]
    [InlineData(0, true)]
    [InlineData(185, true)]
    [InlineData(370, false)]
    public void Pod_Local_FragmentsPass(int offset, bool more)
    {
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).Fragment(offset, more).Payload(17, new byte[64])).Redirected();
        pod.FromPod(PacketBuilder.Ip(Configs.Pod6, Configs.Other6).Fragment(offset, more).Payload(17, new byte[64])).Redirected();
    }

    [Fact]
    public void Pod_Local_IPv4OptionsKept()
    {
        var got = pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).Options(1, 1, 1, 1).UdpPorts(1, 2)).Redirected().Valid();
        Assert.Equal(24, got.HeaderLength);
    }

    [Theory]
    [InlineData(Configs.Pod4, Configs.Router4)]
    [InlineData(Configs.Pod4, Configs.Node4)]
    [InlineData(Configs.Pod6, Configs.Router6)]
    public void Pod_Host_GoesToStackUntouched(string source, string destination)
    {
        var packet = PacketBuilder.Ip(source, destination).HopLimit(1).TcpPorts(1000, 80).Build();
        Assert.Equal(packet, pod.FromPod(packet).Passed().Frame);
    }

    [Theory]
    [InlineData(Configs.Pod4, Configs.World4)]
    [InlineData(Configs.Pod6, Configs.World6)]
    public void Pod_World_GoesToStackUntouched(string source, string destination)
    {
        var packet = PacketBuilder.Ip(source, destination).TcpPorts(1000, 80).Build();
        Assert.Equal(packet, pod.FromPod(packet).Passed().Frame);
    }

    [Theory]
    [MemberData(nameof(Remotes))]
    public void Pod_Remote_GoesToOverlayWithTtlDecremented(string source, string destination)
    {
        var got = pod.FromPod(PacketBuilder.Ip(source, destination).TcpPorts(1000, 80)).Redirected().Valid();
        Assert.Equal(63, got.HopLimit);
    }

    [Fact]
    public void Pod_Remote_PrefixFoundWhenNoExactRow()
    {
        pod.Hook.Prefixes.Update(
            new IpcachePrefixKey { PrefixLength = 32 + 96 + 24, Address = Hook.Addr("10.0.9.0") },
            new IpcacheEntry { TunnelEndpoint = Hook.Addr(Configs.RemoteNode4), Identity = 3000 });
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, "10.0.9.200").TcpPorts(1, 2)).Redirected();
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, "10.0.10.1").TcpPorts(1, 2)).Passed();
    }

    [Fact]
    public void Pod_Remote_NodeWithoutTunnelEndpointGoesToStack()
    {
        pod.Hook.AddRemote(Configs.RemoteNode4, null, 6, IpcacheFlags.Node);
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.RemoteNode4).Echo(7)).Passed();
    }

    [Fact]
    public void Pod_Remote_SkipTunnelGoesToStack()
    {
        pod.Hook.AddRemote("10.0.2.70", Configs.RemoteNode4, 2001, IpcacheFlags.SkipTunnel);
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, "10.0.2.70").TcpPorts(1, 2)).Passed();
    }

    [Fact]
    public void Pod_Remote_NativeRoutingGoesToStack()
    {
        using var native = new PodHook(Configs.Tunnel with { RoutingMode = (byte)RoutingMode.Native });
        native.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).TcpPorts(1, 2)).Passed();
    }

    [Theory]
    [InlineData(Configs.Pod4, Configs.Other4, Configs.Router4, 1)]
    [InlineData(Configs.Pod4, Configs.Remote4, Configs.Router4, 0)]
    [InlineData(Configs.Pod6, Configs.Other6, Configs.Router6, 1)]
    [InlineData(Configs.Pod6, Configs.Remote6, Configs.Router6, 1)]
    public void Pod_Ttl_ExceededIsAnswered(string source, string destination, string router, byte ttl)
    {
        var sent = PacketBuilder.Ip(source, destination).HopLimit(ttl).UdpPorts(5000, 33434, payload: 40).Build();
        var outcome = pod.FromPod(sent);
        Assert.Equal([DropReason.TtlExceeded], outcome.Reasons);
        var error = outcome.Redirected().Valid();
        Assert.Equal((router, source), (error.Source, error.Destination));
        Assert.Equal([.. Mac.Pod, .. Mac.Gateway], error.Frame[..12]);
        Assert.Equal(error.IsIPv6 ? new byte[] { 3, 0 } : [11, 0], error.Payload[..2]);
        Assert.Equal((source, destination, 5000), (error.Quoted.Source, error.Quoted.Destination, error.Quoted.SourcePort));
    }

    [Fact]
    public void Pod_Ttl_NoErrorAboutAnError()
    {
        var about = PacketBuilder.Ip(Configs.Other4, Configs.Pod4).UdpPorts(1, 2).Build();
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).HopLimit(1).IcmpError(3, 3, about)).Dropped(DropReason.TtlExceeded);
    }

    [Fact]
    public void Pod_Ttl_NoErrorAboutALaterFragment() =>
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).HopLimit(1).Fragment(10, true).Payload(17, new byte[64])).Dropped(DropReason.TtlExceeded);

    [Fact]
    public void Pod_Broadcast_Dropped() =>
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, "255.255.255.255").UdpPorts(1, 2)).Dropped(DropReason.Broadcast);

    [Fact]
    public void Pod_ToPod_EverythingPasses()
    {
        var query = PacketBuilder.IgmpMessage(Configs.Router4, 0x11, "0.0.0.0").Build();
        Assert.Equal(query, pod.Hook.Run("to_pod", query).Passed().Frame);
    }
}
