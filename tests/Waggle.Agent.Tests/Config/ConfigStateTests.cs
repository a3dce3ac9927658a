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

    [Fact]
    public void Apply_BadValue_KeepsWhatHeldAndSaysSo()
    {
        ConfigState state = State(("multicast-query-interval", "60s"));
        state.Apply(Data(("multicast-query-interval", "never"), ("multicast-enable", "true")));
        Assert.Equal(TimeSpan.FromMinutes(1), state.Current.Duration("multicast-query-interval"));
        Assert.Equal(2, state.Problems.Count);
        Assert.Contains(state.Problems, p => p.Contains("did you mean \"multicast-enabled\"", StringComparison.Ordinal));
    }
}
