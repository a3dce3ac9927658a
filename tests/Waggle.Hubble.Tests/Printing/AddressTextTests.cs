using System.Net;
using System.Text;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;

namespace Waggle.Hubble.Tests.Printing;

public sealed class AddressTextTests
{
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("fd00::a:0:0:1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:0:0:1::1")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("ff02::")]
    [InlineData("1:0:3:4:5:6:7:8")]
    public void Format_IsTheCanonicalText(string text)
    {
        Assert.Equal(text, Text(FlowAddress.From(IPAddress.Parse(text))));
        Span<byte> bytes = stackalloc byte[AddressText.MaxLength];
        Assert.Equal(text, Encoding.UTF8.GetString(bytes[..AddressText.Format(FlowAddress.From(IPAddress.Parse(text)), bytes)]));
    }

    [Fact]
    public void Format_AnyAddress_ReadsBackAsItself()
    {
        var random = new Random(7);
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < 5000; i++)
        {
            random.NextBytes(bytes);
            for (int k = random.Next(8); k > 0; k--)
            {
                int at = random.Next(8) * 2;
                bytes[at] = bytes[at + 1] = 0;
            }

            FlowAddress address = FlowAddress.From(bytes);
            Assert.Equal(address, FlowAddress.From(address.IsNone ? null : IPAddress.Parse(Text(address))));
        }
    }

    private static string Text(FlowAddress address)
    {
        Span<char> buffer = stackalloc char[AddressText.MaxLength];
        return buffer[..AddressText.Format(address, buffer)].ToString();
    }
}
