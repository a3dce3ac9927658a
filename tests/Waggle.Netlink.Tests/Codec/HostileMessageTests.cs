using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Codec;

/// <summary>Real messages with bytes flipped and ends cut: every parser must give an object or <see cref="NetlinkFormatException"/>.</summary>
public sealed class HostileMessageTests
{
    private const int Rounds = 20_000;

    private static readonly byte[][] Seeds =
    [
        LinkMessages.Create(new VxlanSpec("vx") { Mtu = 1450, Settings = new() { External = true, Port = 8472, Local = IPAddress.Parse("fd00::1") } }, MessageFlags.None),
        LinkMessages.Create(new BridgeSpec("br") { Settings = new() { MulticastSnooping = true, Ageing = TimeSpan.FromSeconds(1) } }, MessageFlags.None),
        AddressMessages.Add(new InterfaceAddress(1, IPAddress.Parse("10.0.0.1"), 24) { Label = "a", ValidLifetime = TimeSpan.FromHours(1) }, MessageFlags.None),
        RouteMessages.Add(
            new Route(IPNetwork.Parse("10.0.0.0/8")) { Mtu = 1400, NextHops = [new NextHop(IPAddress.Parse("10.0.0.1"), 1), new NextHop(IPAddress.Parse("fe80::1"), 2)] },
            MessageFlags.None),
        RuleMessages.Write(Rtm.NEWRULE, MessageFlags.None, new RoutingRule(System.Net.Sockets.AddressFamily.InterNetwork, 5) { From = IPNetwork.Parse("10.0.0.0/8"), Mark = 1 }),
        NeighbourMessages.Write(Rtm.NEWNEIGH, MessageFlags.None, new Neighbour(1, IPAddress.Parse("fd00::2")) { MacAddress = new MacAddress(1) }),
        ForwardingMessages.Write(Rtm.NEWNEIGH, MessageFlags.None, new ForwardingEntry(1, new MacAddress(1)) { Destination = IPAddress.Loopback, Port = 1, Vni = 2 }),
        MulticastMessages.Write(Rtm.NEWMDB, MessageFlags.None, new MulticastEntry(1, 2, IPAddress.Parse("225.0.0.11")) { Source = IPAddress.Parse("10.0.0.1") }),
    ];

    [Fact]
    public void Parse_MutatedMessages_ObjectOrFormatException()
    {
        var random = new Random(4711);
        List<RtnlEvent> events = [];
        int understood = 0, refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] message = (byte[])Seeds[round % Seeds.Length].Clone();
            for (int flips = random.Next(0, 4); flips > 0; flips--)
                message[random.Next(16, message.Length)] = (byte)random.Next(256);
            int length = random.Next(4) == 0 ? random.Next(16, message.Length + 1) : message.Length;
            BitConverter.TryWriteBytes(message, length); // the header's length fits, so that the parsers see the damage
            try
            {
                events.Clear();
                RtnlEventParser.Parse(message.AsSpan(0, length), events);
                understood += events.Count;
            }
            catch (NetlinkFormatException)
            {
                refused++;
            }
        }

        Assert.True(understood > Rounds / 10, $"only {understood} understood");
        Assert.True(refused > Rounds / 20, $"only {refused} refused");
    }

    [Theory]
    [InlineData("10000000")]
    [InlineData("0f000000100000000000000000000000")]
    [InlineData("ff000000100000000000000000000000")]
    [InlineData("ffffffff100000000000000000000000")]
    public void MessageReader_HeaderLies_Throws(string hex) =>
        Assert.Throws<NetlinkFormatException>(() => RtnlEventParser.Parse(Convert.FromHexString(hex), []));

    [Fact]
    public void Acknowledgement_UncappedWithAttributes_TextIsFound()
    {
        // error -EINVAL, then a repeated request of 20 bytes, then NLMSGERR_ATTR_MSG "no"
        byte[] payload = Convert.FromHexString("eaffffff" + "1400000010000000" + "0100000000000000" + "aabbccdd" + "070001006e6f0000");
        Acknowledgement ack = Acknowledgement.OfError(MessageFlags.AckAttributes, payload);
        Assert.Equal(Errno.EINVAL, ack.Errno);
        Assert.Equal("no", ack.Text);
    }

    [Fact]
    public void Acknowledgement_RequestLengthLies_NoException()
    {
        byte[] payload = Convert.FromHexString("eaffffff" + "ffffffff10000000" + "0100000000000000");
        Assert.Equal(Errno.EINVAL, Acknowledgement.OfError(MessageFlags.AckAttributes, payload).Errno);
        Assert.Throws<NetlinkFormatException>(() => Acknowledgement.OfError(MessageFlags.None, [1, 2, 3]));
    }
}
