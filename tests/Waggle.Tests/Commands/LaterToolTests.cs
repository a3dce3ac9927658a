using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed class LaterToolTests
{
    [Fact]
    public async Task TetraGetevents_SaysThatItComesLater()
    {
        var outcome = await InProcess.RunAsync("tetra", "getevents", "--pod", "x");
        Assert.Equal((ExitCode.Failed, ""), (outcome.Code, outcome.Output));
        Assert.Contains("later release", outcome.Error);
    }
}
