namespace Waggle.Bench.Tests;

/// <summary>Sides take turns.</summary>
public sealed class BenchmarkContextTests
{
    [Fact]
    public async Task AlternateAsync_Rounds_SamplesInTurn()
    {
        using var progress = new StringWriter();
        var order = new List<string>();
        var (subject, baseline) = await new BenchmarkContext(3, TimeSpan.FromSeconds(1), progress, "").AlternateAsync("ours", () => Sample("a"), "theirs", () => Sample("b"));

        Assert.Equal(["a", "b", "a", "b", "a", "b"], order);
        Assert.Equal(("ours", "theirs"), (subject.Name, baseline.Name));
        Assert.Equal([1, 3, 5], subject.Samples);
        Assert.Equal([2, 4, 6], baseline.Samples);
        Assert.Equal(3, progress.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("round 3/3: ours 5, theirs 6", progress.ToString());

        Task<double> Sample(string side)
        {
            order.Add(side);
            return Task.FromResult((double)order.Count);
        }
    }

    [Fact]
    public async Task AlternateAsync_ASampleFails_SaysSo() => await Assert.ThrowsAsync<InvalidOperationException>(
        () => new BenchmarkContext(3, TimeSpan.FromSeconds(1), TextWriter.Null, "").AlternateAsync("a", () => Task.FromResult(1.0), "b", () => throw new InvalidOperationException("no path")));

    [Fact]
    public void All_Benchmarks_HaveNamesOfTheirOwn()
    {
        Assert.Equal(Benchmarks.All.Count, Benchmarks.All.Select(each => each.Name).Distinct().Count());
        Assert.All(Benchmarks.All, each => Assert.True(each.Name != "all" && each.Name.All(char.IsAsciiLetterLower) && each.Description.Length > 0));
    }
}
