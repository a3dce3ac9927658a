using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodSourceCheckTests(PodHook pod) : IClassFixture<PodHook>
{
    [Theory]
    [InlineData("10.0.1.99", Configs.Other4)]
    [InlineData(Configs.Other4, Configs.Remote4)]
    [InlineData("127.0.0.1", Configs.Other4)]
    [InlineData("0.0.0.0", Configs.Other4)]
    [InlineData("fd00::199", Configs.Other6)]
    [InlineData("::ffff:10.0.1.5", Configs.Other6)]
    [InlineData("::", Configs.Other6)]
    [InlineData("fe80::1:1", Configs.Other6)]
    public void Pod_SourceCheck_ForeignAddressDropped(string source, string destination) =>
        pod.FromPod(PacketBuilder.Ip(source, destination).TcpPorts(1000, 80)).Dropped(DropReason.InvalidSourceIp);

    [Theory]
    [InlineData(Configs.Pod4, Configs.Other4)]
    [InlineData(Configs.Pod6, Configs.Other6)]
    public void Pod_SourceCheck_OwnAddressPasses(string source, string destination) =>
        pod.FromPod(PacketBuilder.Ip(source, destination).TcpPorts(1000, 80)).Redirected();

    [Fact]
    public void Pod_SourceCheck_LinkLocalToLinkLocalGoesToStack() =>
        pod.FromPod(PacketBuilder.Ip(Configs.PodLink, "fe80::9").Echo(1)).Passed();

    [Fact]
    public void Pod_SourceCheck_DhcpFromUnspecifiedIsBroadcast() =>
        pod.FromPod(PacketBuilder.Ip("0.0.0.0", "255.255.255.255").UdpPorts(68, 67)).Dropped(DropReason.Broadcast);

    [Fact]
    public void Pod_SourceCheck_UnknownDeviceDropped()
    {
        using var empty = new Hook("pod", Configs.Tunnel);
        empty.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Other4).TcpPorts(1, 2)).Dropped(DropReason.UnknownSender);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pod_SourceCheck_RouterPodMaySendAnySource(bool byFlag)
    {
        using var hook = new Hook("pod", Configs.Tunnel with { SourceCheck = byFlag ? (byte)1 : (byte)0 });
        hook.AddSender(Configs.Sender with { Flags = byFlag ? (uint)EndpointFlags.AnySource : 0 });
        hook.AddEndpoint(Configs.Other);
        hook.Run("from_pod", PacketBuilder.Ip("192.0.2.1", Configs.Other4).TcpPorts(1, 2)).Redirected();
    }

    [Theory]
    [InlineData(0x8100)]
    [InlineData(0x88cc)]
    public void Pod_Protocol_OtherThanIpAndArpDropped(int etherType) =>
        pod.FromPod(PacketBuilder.Raw((ushort)etherType, new byte[46])).Dropped(DropReason.UnsupportedL2Protocol);

    [Fact]
    public void Pod_Protocol_SwitchedOffFamilyDropped()
    {
        using var hook = new PodHook(Configs.Tunnel with { Ipv6Enabled = 0 });
        hook.FromPod(PacketBuilder.Ip(Configs.Pod6, Configs.Other6).TcpPorts(1, 2)).Dropped(DropReason.UnsupportedL3Protocol);
        hook.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).TcpPorts(1, 2)).Redirected();
    }
}
