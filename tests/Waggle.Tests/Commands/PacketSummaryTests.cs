using Waggle.Commands.Monitor;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed class PacketSummaryTests
{
    [Fact]
    public void Of_Tcp_NamesItsFlags()
    {
        var tcp = new byte[20];
        (tcp[1], tcp[3], tcp[13]) = (80, 81, 0x12);
        Assert.Equal("10.0.0.1:80 -> 10.0.0.2:81 tcp SYN, ACK", PacketSummary.Of(Frames.IPv4("10.0.0.1", "10.0.0.2", 6, tcp)));
        Assert.Equal("[fd00::1]:80 -> [fd00::2]:81 tcp SYN, ACK", PacketSummary.Of(Frames.IPv6("fd00::1", "fd00::2", 6, tcp)));
    }

    [Fact]
    public void Of_MldBehindHopByHop_IsFound() =>
        Assert.Equal("fe80::1 -> ff02::16 mld report (v2)", PacketSummary.Of(Frames.IPv6("fe80::1", "ff02::16", 0, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0])));

    [Fact]
    public void Of_Igmp_IsNamed() => Assert.Equal("10.0.0.1 -> 224.0.0.22 igmp report (v3)", PacketSummary.Of(Frames.IPv4("10.0.0.1", "224.0.0.22", 2, [0x22, 0, 0, 0])));

    [Fact]
    public void Of_EveryTruncation_DoesNotThrow()
    {
        foreach (var frame in (byte[][])[Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2), Frames.IPv6("fe80::1", "ff02::16", 0, [58, 9, 5, 2, 0, 0, 1, 0, 143, 0]), Frames.Ethernet(0x0806, new byte[28]), Frames.Ethernet(0x8100, [0, 1, 8, 0, 0x4f])])
        {
            for (var length = 0; length <= frame.Length; length++)
            {
                Assert.NotEmpty(PacketSummary.Of(frame.AsSpan(0, length)));
            }
        }
    }

    [Fact]
    public void Of_RandomBytes_DoesNotThrow()
    {
        var random = new Random(20240611);
        var frame = new byte[128];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(frame);
            (frame[12], frame[13]) = (i % 3) switch { 0 => ((byte)8, (byte)0), 1 => ((byte)0x86, (byte)0xdd), _ => (frame[12], frame[13]) };
            frame[14] = (byte)((i % 3 == 0 ? 0x40 : 0x60) | (frame[14] & 15));
            Assert.NotEmpty(PacketSummary.Of(frame.AsSpan(0, random.Next(129))));
        }
    }
}
