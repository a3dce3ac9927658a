using Waggle.Policy.Addresses;
using Waggle.Policy.Labels;

namespace Waggle.Policy.Tests.Rules;

public sealed class LabelSetTests
{
    [Fact]
    public void Parse_WithCidrLabels_HasTheLongestPrefix()
    {
        LabelSet labels = LabelSet.Parse("cidr:10.0.0.0/8", "cidr:10.1.0.0/16", "reserved:world", "cidr:0.0.0.0/0");
        Assert.Equal("10.1.0.0/16", labels.Prefix.ToString());
        Assert.Null(labels.Namespace);
    }

    [Theory]
    [InlineData("2001:db8::/32", "cidr:2001-db8--0/32")]
    [InlineData("::/0", "cidr:0--0/0")]
    [InlineData("::1", "cidr:0--1/128")]
    [InlineData("192.0.2.7", "cidr:192.0.2.7/32")]
    public void CidrLabel_OfAPrefix_ReadsBack(string text, string label)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        Assert.Equal(label, prefix.ToLabel());
        Assert.Equal(prefix, LabelSet.Parse(label).Prefix);
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0/8")]
    [InlineData("10/8")]
    [InlineData("::/129")]
    [InlineData("fe80::1%eth0/64")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/08")]
    [InlineData("")]
    [InlineData("/8")]
    public void TryParse_Malformed_IsRefused(string text) => Assert.False(IpPrefix.TryParse(text, out _));
}
