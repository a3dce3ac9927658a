using Waggle.Hosting.Config;

namespace Waggle.Hosting.Tests.Config;

public sealed class WaggleConfigTests
{
    private static WaggleConfig Parse(out IReadOnlyList<string> problems, out int bad, params (string, string)[] data) =>
        WaggleConfig.Parse(data.Select(d => KeyValuePair.Create(d.Item1, d.Item2)), out problems, out bad);

    [Fact]
    public void Parse_Nothing_HasEveryDefault()
    {
        WaggleConfig config = Parse(out IReadOnlyList<string> problems, out int bad);
        Assert.Empty(problems);
        Assert.Equal(0, bad);
        Assert.True(config.Ipv4);
        Assert.False(config.Ipv6);
        Assert.True(config.Tunnel);
        Assert.False(config.Flag("multicast-enabled"));
    }

    [Fact]
    public void Parse_UnknownKey_IsReportedButNotFatal()
    {
        Parse(out IReadOnlyList<string> problems, out int bad, ("multicast-enable", "true"));
        Assert.Equal(0, bad);
        Assert.Contains("multicast-enabled", Assert.Single(problems));
    }

    [Fact]
    public void Parse_BadValueOnReload_KeepsThePreviousValue()
    {
        WaggleConfig before = Parse(out _, out _, ("multicast-query-interval", "60s"));
        WaggleConfig after = WaggleConfig.Parse([KeyValuePair.Create("multicast-query-interval", "soon")], out _, out int bad, before);
        Assert.Equal(1, bad);
        Assert.Equal(TimeSpan.FromMinutes(1), after.Duration("multicast-query-interval"));
    }

    [Fact]
    public void Parse_BothFamiliesOff_IsABadValue()
    {
        Parse(out IReadOnlyList<string> problems, out int bad, ("enable-ipv4", "false"));
        Assert.Equal(1, bad);
        Assert.Contains("at least one", Assert.Single(problems));
    }

    [Fact]
    public void Parse_NodePrefixLargerThanPool_IsABadValue()
    {
        Parse(out IReadOnlyList<string> problems, out int bad, ("cluster-pool-ipv4-cidr", "10.1.2.0/24"), ("cluster-pool-ipv4-mask-size", "20"));
        Assert.Equal(1, bad);
        Assert.Contains("does not fit", Assert.Single(problems));
    }

    [Fact]
    public void Indexer_KeyThatDoesNotExist_Throws() => Assert.Throws<ArgumentException>(() => WaggleConfig.Default["nope"]);
}
