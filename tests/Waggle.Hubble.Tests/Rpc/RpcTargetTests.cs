using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Tests.Rpc;

public sealed class RpcTargetTests
{
    [Theory]
    [InlineData("localhost:4245", "localhost:4245")]
    [InlineData("tls://relay.example:443", "tls://relay.example:443")]
    [InlineData("tls://relay.example", "tls://relay.example:443")]
    [InlineData("[fd00::1]:4245", "[fd00::1]:4245")]
    [InlineData("unix:///var/run/cilium/hubble.sock", "unix:///var/run/cilium/hubble.sock")]
    [InlineData("unix:/var/run/cilium/hubble.sock", "unix:///var/run/cilium/hubble.sock")]
    [InlineData(":4245", "localhost:4245")]
    public void TryParse_OfAnAddress_RoundTrips(string text, string expected)
    {
        Assert.True(RpcTarget.TryParse(text, out var target));
        Assert.Equal(expected, target.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:b")]
    [InlineData("a:0")]
    [InlineData("a:70000")]
    [InlineData("fd00::1:4245")]
    [InlineData("[fd00::1")]
    [InlineData("http://a/b")]
    [InlineData("unix:")]
    public void TryParse_OfGarbage_Fails(string text) => Assert.False(RpcTarget.TryParse(text, out _));

    [Theory]
    [InlineData("5S", 5000)]
    [InlineData("250m", 250)]
    [InlineData("99999999H", 20.0 * 86400 * 1000)]
    public void Timeout_OfTheWire_IsRead(string text, double ms)
    {
        Assert.True(RpcHeaders.TryParseTimeout(text, out var timeout));
        Assert.Equal(ms, timeout.TotalMilliseconds);
    }

    [Theory]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("5x")]
    [InlineData("123456789S")]
    public void Timeout_OfGarbage_Fails(string text) => Assert.False(RpcHeaders.TryParseTimeout(text, out _));

    [Fact]
    public void Message_WithAnyCharacter_RoundTrips() =>
        Assert.Equal("bad 100% «ü»\n", RpcHeaders.DecodeMessage(RpcHeaders.EncodeMessage("bad 100% «ü»\n")));
}
