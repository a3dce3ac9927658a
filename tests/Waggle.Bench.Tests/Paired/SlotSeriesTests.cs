using Waggle.Bench.Paired;

namespace Waggle.Bench.Tests.Paired;

/// <summary>Slots are paired within their block, and only whole blocks count.</summary>
public sealed class SlotSeriesTests
{
    private static readonly SlotPlan s_plan = new("x..x.xx.");

    [Fact]
    public void Join_MachineGetsSlower_RatioIsNotTouched()
    {
        // Each slot reaches less than the one before, the subject 20 % less than the baseline would.
        var counts = s_plan.Pattern.Select((c, i) => new SlotCount((c == SlotPlan.Subject ? 80 : 100) * (10 - i), 1e9)).ToList();
        var series = SlotSeries.Join(s_plan, counts, [.. Enumerable.Repeat(new SlotSwitch(0, 1e9), 8)]);
        Assert.Equal(2, series.Blocks.Count);
        Assert.All(series.Blocks, block => Assert.Equal(0.8, block.Rate, 9));
        Assert.Equal(0, series.Left);
    }

    [Fact]
    public void Join_SubjectUsesMoreCpuForTheSame_OnlyThriftSaysSo()
    {
        var counts = s_plan.Pattern.Select(_ => new SlotCount(1000, 1e9)).ToList();
        var series = SlotSeries.Join(s_plan, counts, [.. s_plan.Pattern.Select(c => new SlotSwitch(0, c == SlotPlan.Subject ? 2e7 : 1e7))]);
        Assert.All(series.Blocks, block => Assert.Equal((1.0, 0.5), (block.Rate, block.Thrift)));
        // 1,000 per second, in the 37 ms that are counted of a slot, in 20 and 10 ms of CPU time.
        Assert.Equal((1000.0, 1850.0, 3700.0), (series.SubjectRate, Math.Round(series.SubjectThrift), Math.Round(series.BaselineThrift)));
    }

    [Theory]
    [InlineData(0, 1e9, 1e6, 1e7)]
    [InlineData(10, 0, 1e6, 1e7)]
    [InlineData(10, 1e9, 12e6, 1e7)]
    [InlineData(10, 1e9, 1e6, 0)]
    public void Join_OneSlotIsNoGood_ItsBlockIsLeftOut(double units, double elapsed, double late, double cpu)
    {
        var counts = s_plan.Pattern.Select(_ => new SlotCount(10, 1e9)).ToList();
        var switches = s_plan.Pattern.Select(_ => new SlotSwitch(1e6, 1e7)).ToList();
        counts[6] = new SlotCount(units, elapsed);
        switches[6] = new SlotSwitch(late, cpu);
        var series = SlotSeries.Join(s_plan, counts, switches);
        Assert.Equal((1, 1), (series.Blocks.Count, series.Left));
    }

    [Fact]
    public void Join_NotARowForEachSlot_IsRefused()
    {
        List<SlotCount> counts = [.. Enumerable.Repeat(new SlotCount(1, 1), 7)];
        List<SlotSwitch> switches = [.. Enumerable.Repeat(new SlotSwitch(0, 1), 8)];
        Assert.Contains("7 counted", Assert.Throws<FormatException>(() => SlotSeries.Join(s_plan, counts, switches)).Message);
    }

    [Fact]
    public void TakeTurns_TwoGenerators_EachSlotIsOfTheOneThatWorked() => Assert.Equal(
        [new SlotCount(5, 10), new SlotCount(7, 11)],
        SlotSeries.TakeTurns([new SlotCount(5, 10), default], [default, new SlotCount(7, 11)]));

    [Fact]
    public void Read_Output_IsARowPerLine()
    {
        Assert.Equal([new SlotCount(12, 34), new SlotCount(0, 0)], SlotSeries.ReadCounts("12 34\n0 0\n"));
        Assert.Equal([new SlotSwitch(1, 2)], SlotSeries.ReadSwitches("1 2\n"));
        Assert.Throws<FormatException>(() => SlotSeries.ReadCounts("12\n"));
        Assert.Throws<FormatException>(() => SlotSeries.ReadCounts("12 many\n"));
    }
}
