using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class HostTests : IDisposable
{
    private readonly Hook hook = new("host", Configs.Tunnel);

    public HostTests() => PodHook.Populate(hook);

    [Theory]
    [InlineData(Configs.Router4, Configs.Other4)]
    [InlineData(Configs.Router6, Configs.Other6)]
    public void Host_LocalPod_DeliveredWithTtlOfTheStack(string source, string destination)
    {
        var got = hook.Run("from_host", PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Redirected().Valid();
        Assert.Equal([.. Mac.OtherPod, .. Mac.OtherGateway], got.Frame[..12]);
        Assert.Equal(64, got.HopLimit);
    }

    [Theory]
    [InlineData(Configs.Router4, Configs.Remote4)]
    [InlineData(Configs.Router6, Configs.Remote6)]
    public void Host_RemotePod_GoesToOverlay(string source, string destination) =>
        hook.Run("from_host", PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Redirected();

    [Theory]
    [InlineData(Configs.Router4, "10.0.77.7")]
    [InlineData(Configs.Router4, Configs.World4)]
    [InlineData(Configs.Router6, Configs.World6)]
    public void Host_Unknown_Dropped(string source, string destination) =>
        hook.Run("from_host", PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Dropped(DropReason.Unroutable);

    [Fact]
    public void Host_Neighbours_AreAllBehindCiliumHost()
    {
        var arp = hook.Run("from_host", PacketBuilder.ArpRequest(Mac.Gateway, Configs.Router4, Configs.Remote4)).Redirected();
        Assert.Equal(PacketBuilder.Arp(2, Mac.Host, Configs.Remote4, Mac.Gateway, Configs.Router4).Macs(Mac.Host, Mac.Gateway).Build(), arp.Frame);
        var nd = hook.Run("from_host", PacketBuilder.NeighbourSolicitation(Configs.Router6, Configs.Remote6)).Redirected().Valid();
        Assert.Equal(Configs.Remote6, nd.Source);
    }

    [Fact]
    public void Host_OtherProtocol_Dropped() => hook.Run("from_host", PacketBuilder.Raw(0x88cc, new byte[40])).Dropped(DropReason.UnsupportedL2Protocol);

    public void Dispose() => hook.Dispose();
}
