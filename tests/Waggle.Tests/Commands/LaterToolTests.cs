using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed class LaterToolTests
{
    [Fact]
    public async Task HubbleObserve_SaysThatItComesLater()
    {
        var outcome = await InProcess.RunAsync("hubble", "observe", "--follow", "--pod", "x");
        Assert.Equal((ExitCode.Failed, ""), (outcome.Code, outcome.Output));
        Assert.Contains("later release", outcome.Error);
        Assert.Contains("cilium monitor", outcome.Error);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("help")]
    [InlineData("completion", "bash")]
    public async Task Hubble_ItsOwnCommands_Work(params string[] words)
    {
        var outcome = await InProcess.RunAsync(["hubble", .. words]);
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        Assert.NotEmpty(outcome.Output);
    }
}
