using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodMalformedTests(PodHook pod) : IClassFixture<PodHook>
{
    private static byte[] Whole(bool ipv6) => ipv6
        ? PacketBuilder.Ip(Configs.Pod6, Configs.Other6).UdpPorts(1, 2).Build()
        : PacketBuilder.Ip(Configs.Pod4, Configs.Other4).UdpPorts(1, 2).Build();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pod_Malformed_ClaimsMoreThanThereIsDropped(bool ipv6) => pod.FromPod(Whole(ipv6)[..^4]).Dropped(DropReason.InvalidPacket);

    [Fact]
    public void Pod_Malformed_TotalLengthBelowHeaderDropped() =>
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).UdpPorts(1, 2).ClaimLength(19)).Dropped(DropReason.InvalidPacket);

    [Fact]
    public void Pod_Malformed_HeaderLengthBelowFiveDropped()
    {
        var packet = Whole(ipv6: false);
        packet[14] = 0x44;
        pod.FromPod(packet).Dropped(DropReason.InvalidPacket);
    }

    [Theory]
    [InlineData(Configs.Pod4, Configs.Other4, 5)]
    [InlineData(Configs.Pod6, Configs.Other6, 4)]
    public void Pod_Malformed_WrongVersionDropped(string source, string destination, int version) =>
        pod.FromPod(PacketBuilder.Ip(source, destination).UdpPorts(1, 2).ClaimVersion(version)).Dropped(DropReason.InvalidPacket);

    [Fact]
    public void Pod_Malformed_TrailingPaddingIsFine()
    {
        byte[] padded = [.. Whole(ipv6: false), .. new byte[20]];
        pod.FromPod(padded).Redirected();
    }
}
