using Waggle.Bench.Paired;

namespace Waggle.Bench.Pods;

/// <summary>A figure that is sampled a little at a time; its two rows of the report are rate and thrift (units per CPU second).</summary>
/// <param name="Title">What is compared, and where.</param>
/// <param name="Subject">The variant that the goal speaks of.</param>
/// <param name="Baseline">The other one.</param>
/// <param name="Traffic">What runs.</param>
/// <param name="Goal">Of both ratios.</param>
/// <param name="Run">Runs one plan.</param>
internal sealed record PairedFigure(string Title, string Subject, string Baseline, SlotTraffic Traffic, Goal Goal, Func<SlotPlan, Task<SlotSeries>> Run)
{
    private readonly List<SlotSeries> _series = [];

    /// <summary>Runs a plan and returns what is known by now, for people.</summary>
    internal async Task<string> SampleAsync(SlotPlan plan)
    {
        _series.Add(await Run(plan).ConfigureAwait(false));
        var (rate, thrift) = (Ratio(block => block.Rate), Ratio(block => block.Thrift));
        return FormattableString.Invariant($"{Title}, {Traffic.Text}: rate {rate.Median:0.000} ({rate.Lower:0.000}–{rate.Upper:0.000}), per CPU {thrift.Median:0.000} ({thrift.Lower:0.000}–{thrift.Upper:0.000}), {rate.Count} blocks, {_series.Sum(each => each.Left)} left out");
    }

    internal IEnumerable<Comparison> Results() =>
    [
        new Comparison($"{Title}: {Traffic.Text}", $"{Traffic.Unit}/s", Of(Subject, each => each.SubjectRate), Of(Baseline, each => each.BaselineRate), Goal) { Paired = Ratio(block => block.Rate) },
        new Comparison($"{Title}: {Traffic.Text}, per CPU second", $"{Traffic.Unit}/CPU s", Of(Subject, each => each.SubjectThrift), Of(Baseline, each => each.BaselineThrift), Goal) { Paired = Ratio(block => block.Thrift) },
    ];

    private PairedRatio Ratio(Func<BlockRatio, double> figure) => PairedRatio.Of([.. _series.SelectMany(each => each.Blocks).Select(figure)]);

    /// <summary>One sample for each run, the median of its slots.</summary>
    private Measurement Of(string name, Func<SlotSeries, double> figure) => new(name, [.. _series.Where(each => each.Blocks.Count > 0).Select(figure)]);
}
