using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Bench.Tests.Commands;

/// <summary>The command line of the benchmarks; none of these measures anything.</summary>
public sealed class BenchCommandTests
{
    [Fact]
    public async Task Bench_NoName_ListsAll()
    {
        var outcome = await InProcess.RunAsync("waggle", "bench");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal(Benchmarks.All.Select(each => each.Name), outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("there is no benchmark \"multicats\"", "multicast", "bench", "multicats")]
    [InlineData("--rounds must be at least 1", "", "bench", "programs", "--rounds", "0")]
    [InlineData("--rounds", "", "bench", "programs", "--rounds", "many")]
    [InlineData("--duration", "", "bench", "programs", "--duration", "soon")]
    [InlineData("--outptu", "", "bench", "programs", "--outptu", "x")]
    public async Task Bench_BadArguments_AreRefused(string message, string nearest, params string[] words)
    {
        var outcome = await InProcess.RunAsync(["waggle", .. words]);
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains(message, outcome.Error);
        Assert.Contains(nearest, outcome.Error);
        Assert.Equal("", outcome.Output);
    }
}
