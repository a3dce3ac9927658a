using Waggle.Agent.Config;
using Waggle.Hosting.Config;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.Config;

public sealed class ConfigStateTests
{
    private static ConfigState State(params (string, string)[] data) =>
        new(WaggleConfig.Parse(Data(data), out _, out _), new StateDb());

    private static KeyValuePair<string, string>[] Data(params (string, string)[] data) => [.. data.Select(d => KeyValuePair.Create(d.Item1, d.Item2))];

    [Fact]
    public void Apply_LiveKey_HoldsAtOnce()
    {
        ConfigState state = State();
        state.Apply(Data(("multicast-enabled", "true")));
        Assert.True(state.Current.Flag("multicast-enabled"));
        state.Apply(Data());
        Assert.False(state.Current.Flag("multicast-enabled"));
    }

    [Fact]
    public void Apply_KeyThatNeedsARestart_IsShownAsWaiting()
    {
        ConfigState state = State(("mtu", "1400"));
        state.Apply(Data(("mtu", "9000")));
        Assert.Equal(1400, state.Current.Number("mtu"));
        Assert.Contains("restart", state.Table.View.Find("mtu")!.Status);
        state.Apply(Data(("mtu", "1400")));
        Assert.Empty(state.Table.View.Find("mtu")!.Status);
    }

    [Theory]
    [InlineData("multicast-enable", "true", "did you mean \"multicast-enabled\"?")]
    [InlineData("multicast-query-interval", "never", "multicast-query-interval")]
    [InlineData("routing-mode", "nativ", "native")]
    [InlineData("enable-ipv4", "false", "at least one must be true")]
    public void Apply_AnythingUnknownOrBad_RefusesTheWholeAndNamesTheNearest(string key, string value, string expected)
    {
        ConfigState state = State(("multicast-query-interval", "60s"));
        Assert.False(state.Apply(Data((key, value), ("multicast-max-groups", "7"))));
        Assert.Contains(expected, Assert.Single(state.Problems));
        Assert.Equal(TimeSpan.FromMinutes(1), state.Current.Duration("multicast-query-interval"));
        Assert.Equal(1024, state.Current.Number("multicast-max-groups"));
        Assert.True(state.Apply(Data(("multicast-max-groups", "7"))));
        Assert.Empty(state.Problems);
        Assert.Equal(7, state.Current.Number("multicast-max-groups"));
    }

    [Fact]
    public void LastGood_SavedAndLoaded_IsTheSameAndNothingElseIsTaken()
    {
        string directory = Directory.CreateTempSubdirectory("wgt-").FullName;
        try
        {
            WaggleConfig config = WaggleConfig.Parse(Data(("state-dir", directory), ("mtu", "1400")), out _, out _);
            string path = LastGoodConfig.PathFor(config);
            Assert.Null(LastGoodConfig.TryLoad(path));
            LastGoodConfig.Save(path, config);
            Assert.Equal(config.Values.OrderBy(v => v.Key), LastGoodConfig.TryLoad(path)!.Values.OrderBy(v => v.Key));
            File.WriteAllText(path, """{"mtu":"many"}""");
            Assert.Null(LastGoodConfig.TryLoad(path));
            File.WriteAllText(path, """{"mtu":""");
            Assert.Null(LastGoodConfig.TryLoad(path));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
