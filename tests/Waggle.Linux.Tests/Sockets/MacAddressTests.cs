using System.Net;

namespace Waggle.Linux.Tests.Sockets;

public sealed class MacAddressTests
{
    [Fact]
    public void ParseFormat_RoundTrips()
    {
        var mac = MacAddress.Parse("02:aB:00:00:0f:10");
        Assert.Equal("02:ab:00:00:0f:10", mac.ToString());
        Assert.Equal(0x02ab00000f10ul, mac.Value);
        Assert.Equal([0x02, 0xab, 0, 0, 0x0f, 0x10], mac.ToBytes());
        Assert.Equal(mac, MacAddress.FromBytes(mac.ToBytes()));
        Assert.False(mac.IsMulticast);
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:00:00:00:00")]
    [InlineData("02:00:00:00:00:0g")]
    [InlineData("02-00-00-00-00-01")]
    [InlineData("02:00:00:00:00:+1")]
    [InlineData("02:00:00:00:00:01:")]
    public void Parse_Malformed_FormatException(string text) => Assert.Throws<FormatException>(() => MacAddress.Parse(text));

    [Theory]
    [InlineData("225.0.0.21", "01:00:5e:00:00:15")]
    [InlineData("239.255.255.255", "01:00:5e:7f:ff:ff")]
    [InlineData("ff05::1:3", "33:33:00:01:00:03")]
    public void OfMulticastGroup_PerRfc(string group, string expected)
    {
        MacAddress mac = MacAddress.OfMulticastGroup(IPAddress.Parse(group));
        Assert.Equal(expected, mac.ToString());
        Assert.True(mac.IsMulticast);
    }

    [Fact]
    public void Random_LocalUnicast() => Assert.Equal(0x02, MacAddress.Random().ToBytes()[0] & 0x03);
}
