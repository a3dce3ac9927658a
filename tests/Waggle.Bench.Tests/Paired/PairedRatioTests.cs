using Waggle.Bench.Paired;

namespace Waggle.Bench.Tests.Paired;

/// <summary>The interval behind "yes", "no" and "cannot tell".</summary>
public sealed class PairedRatioTests
{
    [Fact]
    public void Of_AllTheSame_IsThatAlone() => Assert.Equal(new PairedRatio(0.98, 0.98, 0.98, 20), PairedRatio.Of([.. Enumerable.Repeat(0.98, 20)]));

    [Fact]
    public void Of_SameRatios_SaysTheSame()
    {
        double[] ratios = [.. Noise(1, 50, 1)];
        Assert.Equal(PairedRatio.Of(ratios), PairedRatio.Of(ratios));
    }

    /// <summary>What 95 % means: the interval holds the truth in about 95 of 100 cases (the chances of each case are fixed).</summary>
    [Fact]
    public void Of_ManyTimes_IntervalHoldsTheTruthNearlyAlways()
    {
        var held = Enumerable.Range(0, 200).Count(seed => PairedRatio.Of([.. Noise(0.97, 40, seed)]) is { } ratio && ratio.Lower <= 0.97 && 0.97 <= ratio.Upper);
        Assert.InRange(held, 180, 199);
    }

    [Fact]
    public void Of_MorePairs_IntervalGetsNarrower()
    {
        PairedRatio few = PairedRatio.Of([.. Noise(1, 20, 3)]), many = PairedRatio.Of([.. Noise(1, 2000, 3)]);
        Assert.True(many.Upper - many.Lower < (few.Upper - few.Lower) / 3);
        Assert.InRange(many.Median, 0.98, 1.02);
    }

    [Fact]
    public void Of_FewPairsGoneWrong_AreNotFollowed()
    {
        var ratio = PairedRatio.Of([.. Noise(1, 40, 5), 50, 80, 0.01]);
        Assert.InRange(ratio.Lower, 0.9, 1);
        Assert.InRange(ratio.Upper, 1, 1.1);
    }

    [Fact]
    public void Of_TooFewPairs_CannotTell()
    {
        Assert.Equal(Verdict.CannotTell, PairedRatio.Of([.. Enumerable.Repeat(2.0, PairedRatio.Fewest - 1)]).Against(Goal.AtLeast(0.97)));
        Assert.Equal(Verdict.CannotTell, PairedRatio.Of([]).Against(Goal.AtLeast(0.97)));
    }

    [Theory]
    [InlineData(0.98, 1.02, Verdict.Reached)]
    [InlineData(0.97, 1.02, Verdict.Reached)]
    [InlineData(0.96, 1.02, Verdict.CannotTell)]
    [InlineData(0.90, 0.969, Verdict.Missed)]
    public void Against_Interval_OnlyAllOfItDecides(double lower, double upper, Verdict expected) =>
        Assert.Equal(expected, new PairedRatio((lower + upper) / 2, lower, upper, 100).Against(Goal.AtLeast(0.97)));

    [Fact]
    public void Against_AtMostOrStated_AreReadTheOtherWayRoundOrNotAtAll()
    {
        var ratio = new PairedRatio(1, 0.9, 1.1, 100);
        Assert.Equal((Verdict.Reached, Verdict.Missed, Verdict.CannotTell, Verdict.Stated), (ratio.Against(Goal.AtMost(1.1)), ratio.Against(Goal.AtMost(0.8)), ratio.Against(Goal.AtMost(1)), ratio.Against(Goal.Stated)));
    }

    [Fact]
    public void Comparison_WithPairs_TheirVerdictCounts()
    {
        var comparison = new Comparison("t", "1/s", new Measurement("a", [200]), new Measurement("b", [100]), Goal.AtLeast(0.97)) { Paired = new PairedRatio(0.96, 0.95, 0.98, 50) };
        Assert.Equal((0.96, Verdict.CannotTell, null), (comparison.Ratio, comparison.Verdict, comparison.Reached));
        var report = new BenchmarkReport([comparison], DateTimeOffset.UnixEpoch, 1);
        Assert.Contains("| 0.960 (0.950–0.980) | ≥ 0.97 | cannot tell |", report.ToMarkdown());
        Assert.Equal("[0.95,0.98]", report.ToJson()["figures"]![0]!["interval"]!.ToJsonString());
    }

    /// <summary>Ratios around a truth, a tenth to each side; always the same for the same seed.</summary>
    private static IEnumerable<double> Noise(double truth, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => truth * Math.Exp(0.2 * (random.NextDouble() + random.NextDouble() - 1)))];
    }
}
