namespace Waggle.Bench.Tests;

/// <summary>The statistics behind every figure.</summary>
public sealed class MeasurementTests
{
    [Theory]
    [InlineData(new double[] { 3 }, 3)]
    [InlineData(new double[] { 9, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2.5)]
    [InlineData(new double[] { }, double.NaN)]
    public void Median_Samples_IsTheMiddle(double[] samples, double expected) => Assert.Equal(expected, new Measurement("m", samples).Median);

    [Fact]
    public void Extremes_Samples_AreFoundInAnyOrder()
    {
        var measurement = new Measurement("m", [5, -1, 7, 2]);
        Assert.Equal((-1, 7), (measurement.Minimum, measurement.Maximum));
        Assert.True(double.IsNaN(new Measurement("m", []).Minimum) && double.IsNaN(new Measurement("m", []).Maximum));
    }

    [Fact]
    public void Ratio_WithBaseline_IsOfTheMedians()
    {
        var comparison = new Comparison("t", "u", new Measurement("a", [10, 30, 20]), new Measurement("b", [4, 1000, 10]), Goal.AtLeast(2));
        Assert.Equal(2, comparison.Ratio);
        Assert.True(comparison.Reached);
    }

    [Fact]
    public void Ratio_WithoutBaseline_IsTheFigureItself()
    {
        var comparison = new Comparison("t", "s", new Measurement("a", [12, 8, 10]), null, Goal.AtMost(9.5));
        Assert.Equal(10, comparison.Ratio);
        Assert.False(comparison.Reached);
    }

    [Theory]
    [InlineData(1.25, true, false)]
    [InlineData(1.2499, false, true)]
    [InlineData(1.2501, true, false)]
    public void Reached_AtTheBar_CountsAsReached(double ratio, bool atLeast, bool below)
    {
        Assert.Equal(atLeast, Goal.AtLeast(1.25).Reached(ratio));
        Assert.Equal(below, Goal.AtMost(1.2499).Reached(ratio));
        Assert.Null(Goal.Stated.Reached(ratio));
    }

    /// <summary>A figure that could not be computed never counts as reached.</summary>
    [Fact]
    public void Reached_NotANumber_IsNotReached()
    {
        Assert.False(Goal.AtLeast(1).Reached(double.NaN));
        Assert.False(Goal.AtMost(1).Reached(double.NaN));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 5)]
    [InlineData(0.51, 6)]
    [InlineData(0.99, 10)]
    [InlineData(1, 10)]
    public void Percentile_TenSamples_IsTheNearestRank(double part, double expected) =>
        Assert.Equal(expected, Percentile.Of([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], part));

    [Fact]
    public void Percentile_BadArguments_AreRefused()
    {
        Assert.True(double.IsNaN(Percentile.Of([], 0.5)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Percentile.Of([1], 1.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => Percentile.Of([1], -0.01));
    }
}
