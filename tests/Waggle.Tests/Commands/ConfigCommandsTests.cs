using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed class ConfigCommandsTests
{
    [Fact]
    public async Task Set_UnknownKey_NamesTheNearest()
    {
        var outcome = await InProcess.RunAsync("cilium", "config", "set", "multicast-enable", "true");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("unknown configuration key \"multicast-enable\"", outcome.Error);
        Assert.Contains("\"multicast-enabled\"", outcome.Error);
    }

    [Fact]
    public async Task Set_UnknownValue_NamesTheNearest()
    {
        var outcome = await InProcess.RunAsync("cilium", "config", "set", "multicast-enabled", "ture");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("did you mean \"true\"", outcome.Error);
    }

    [Fact]
    public async Task Set_NoCluster_IsNotReachable()
    {
        var (code, _, error) = await Executable.ShellAsync("env -u KUBECONFIG HOME=/nonexistent $W cilium config set multicast-enabled true --kubeconfig /nonexistent");
        Assert.Equal(3, code);
        Assert.Contains("waggle lab", error);
    }

    [Fact]
    public async Task Keys_Json_ListsEveryKey()
    {
        var outcome = await InProcess.RunAsync("waggle", "config", "keys", "-o", "jsonpath={[?(@.name==\"multicast-enabled\")].type}");
        Assert.Equal(new Outcome(ExitCode.Ok, "true or false", ""), outcome);
    }
}
