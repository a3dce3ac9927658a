using Waggle.Hosting.Config;

namespace Waggle.Hosting.Tests.Config;

public sealed class ConfigKeysTests
{
    [Fact]
    public void All_EveryDefault_IsValidForItsOwnKey()
    {
        foreach (ConfigKey key in ConfigKeys.All)
        {
            Assert.Null(key.Check(key.Default));
        }
    }

    [Fact]
    public void All_Names_AreUniqueAndSorted()
    {
        string[] names = [.. ConfigKeys.All.Select(k => k.Name)];
        Assert.Equal(names.Distinct().Order(StringComparer.Ordinal), names);
    }

    [Theory]
    [InlineData("multicast-enable", "true", "multicast-enabled")]
    [InlineData("enable_ipv4", "true", "enable-ipv4")]
    [InlineData("routing-mod", "tunnel", "routing-mode")]
    public void Check_UnknownKey_NamesTheNearest(string name, string value, string nearest) =>
        Assert.Contains($"did you mean \"{nearest}\"", ConfigKeys.Check(name, value));

    [Fact]
    public void Check_KeyLikeNothing_SaysUnknownOnly() =>
        Assert.Equal("unknown key \"zzzzzzzzzzzz\"", ConfigKeys.Check("zzzzzzzzzzzz", "1"));

    [Theory]
    [InlineData("multicast-enabled", "ture", "did you mean \"true\"")]
    [InlineData("routing-mode", "Native", "did you mean \"native\"")]
    [InlineData("mtu", "-1", "between 0 and 65535")]
    [InlineData("identity-allocation-mode", "kvstore", "identity-allocation-mode: \"kvstore\" is not supported: identities live in CiliumIdentity resources")]
    [InlineData("cluster-id", "256", "between 0 and 255")]
    [InlineData("cluster-pool-ipv4-cidr", "10.0.0.1/8", "10.0.0.1/8")]
    [InlineData("cluster-pool-ipv4-cidr", "fd00::/104", "not an IPv4 prefix")]
    [InlineData("multicast-query-interval", "ten", "not a duration")]
    [InlineData("multicast-query-interval", "9h", "between 1s and 8h")]
    public void Check_BadValue_SaysWhatIsAllowed(string name, string value, string expected) =>
        Assert.Contains(expected, ConfigKeys.Check(name, value));

    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("0", 0)]
    public void Duration_Text_ParsesAndFormatsBack(string text, double seconds)
    {
        Assert.True(ConfigDuration.TryParse(text, out TimeSpan value));
        Assert.Equal(seconds, value.TotalSeconds);
        Assert.Equal(text, ConfigDuration.Format(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1.2.3s")]
    [InlineData("-5s")]
    [InlineData("99999999999h")]
    public void Duration_BadText_IsRefused(string text) => Assert.False(ConfigDuration.TryParse(text, out _));
}
