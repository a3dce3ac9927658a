using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodNeighbourTests(PodHook pod) : IClassFixture<PodHook>
{
    [Theory]
    [InlineData(Configs.Router4)]
    [InlineData(Configs.Other4)]
    [InlineData("203.0.113.1")]
    public void Pod_Arp_AnyTargetIsBehindGateway(string target)
    {
        var reply = pod.FromPod(PacketBuilder.ArpRequest(Mac.Pod, Configs.Pod4, target)).Redirected();
        Assert.Equal(PacketBuilder.Arp(2, Mac.Gateway, target, Mac.Pod, Configs.Pod4).Macs(Mac.Gateway, Mac.Pod).Build(), reply.Frame);
    }

    [Theory]
    [InlineData(Configs.Pod4, Configs.Pod4)]
    [InlineData("0.0.0.0", Configs.Pod4)]
    public void Pod_Arp_OwnAddressGetsNoAnswer(string sender, string target) =>
        pod.FromPod(PacketBuilder.ArpRequest(Mac.Pod, sender, target)).Dropped(DropReason.NeighbourHandled);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Pod_Arp_ForeignSenderDropped(int operation) =>
        pod.FromPod(PacketBuilder.Arp((ushort)operation, Mac.Pod, Configs.Other4, Mac.Gateway, Configs.Router4)).Dropped(DropReason.InvalidSourceIp);

    [Fact]
    public void Pod_Arp_ReplyToHostReachesStack() =>
        pod.FromPod(PacketBuilder.Arp(2, Mac.Pod, Configs.Pod4, Mac.Gateway, Configs.Router4)).Passed();

    [Fact]
    public void Pod_Arp_TruncatedDropped() =>
        pod.FromPod(PacketBuilder.ArpRequest(Mac.Pod, Configs.Pod4, Configs.Router4).Build()[..40]).Dropped(DropReason.InvalidPacket);

    [Fact]
    public void Pod_Arp_OtherThanEthernetAndIPv4Dropped()
    {
        var packet = PacketBuilder.ArpRequest(Mac.Pod, Configs.Pod4, Configs.Router4).Build();
        packet[18] = 8;
        pod.FromPod(packet).Dropped(DropReason.InvalidPacket);
    }

    [Theory]
    [InlineData(Configs.Pod6, Configs.Router6)]
    [InlineData(Configs.PodLink, "fe80::99")]
    [InlineData(Configs.Pod6, "2001:db8::1")]
    public void Pod_Nd_SolicitationAnswered(string source, string target)
    {
        var reply = pod.FromPod(PacketBuilder.NeighbourSolicitation(source, target)).Redirected().Valid();
        Assert.Equal((target, source), (reply.Source, reply.Destination));
        Assert.Equal([.. Mac.Pod, .. Mac.Gateway], reply.Frame[..12]);
        Assert.Equal(255, reply.HopLimit);
        Assert.Equal(136, reply.Payload[0]);
        Assert.Equal(0x60, reply.Payload[4]);
        Assert.Equal(System.Net.IPAddress.Parse(target).GetAddressBytes(), reply.Payload[8..24]);
        Assert.Equal([2, 1, .. Mac.Gateway], reply.Payload[24..]);
    }

    [Fact]
    public void Pod_Nd_DuplicateAddressProbeGetsNoAnswer() =>
        pod.FromPod(PacketBuilder.NeighbourSolicitation("::", Configs.Pod6)).Dropped(DropReason.NeighbourHandled);

    [Fact]
    public void Pod_Nd_SolicitationFromAfarDropped() =>
        pod.FromPod(PacketBuilder.NeighbourSolicitation(Configs.Pod6, Configs.Router6).HopLimit(64)).Dropped(DropReason.InvalidPacket);

    [Fact]
    public void Pod_Nd_TruncatedSolicitationDropped() =>
        pod.FromPod(PacketBuilder.Ip(Configs.Pod6, "ff02::1:ff00:1").HopLimit(255).IcmpMessage([135, 0, 0, 0, 0, 0, 0, 0])).Dropped(DropReason.InvalidPacket);

    [Theory]
    [InlineData(134)]
    [InlineData(137)]
    public void Pod_Nd_RouterMessagesFromPodDropped(byte type) =>
        pod.FromPod(PacketBuilder.Ip(Configs.PodLink, "ff02::1").HopLimit(255).IcmpMessage([type, 0, 0, 0, .. new byte[36]])).Dropped(DropReason.ForbiddenIcmpv6);

    [Theory]
    [InlineData(133)]
    [InlineData(136)]
    public void Pod_Nd_HostMessagesReachStack(byte type) =>
        pod.FromPod(PacketBuilder.Ip(Configs.PodLink, "ff02::2").HopLimit(255).IcmpMessage([type, 0, 0, 0, .. new byte[20]])).Passed();
}
