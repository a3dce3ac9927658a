using System.Globalization;

namespace Waggle.Bench.Paired;

/// <summary>What one slot counted.</summary>
/// <param name="Units">Transactions, bytes, datagrams.</param>
/// <param name="Elapsed">For how long they were counted, ns; 0: the generator did nothing in this slot.</param>
public readonly record struct SlotCount(double Units, double Elapsed);

/// <summary>What the switch says of one slot.</summary>
/// <param name="Late">How long after the slot's beginning it was done, ns.</param>
/// <param name="Cpu">CPU time used meanwhile by all that belongs to the path, ns.</param>
public readonly record struct SlotSwitch(double Late, double Cpu);

/// <summary>One block: what the subject reached against the baseline in the same moments.</summary>
/// <param name="Rate">Units per second, subject ÷ baseline.</param>
/// <param name="Thrift">Units per second of CPU time, subject ÷ baseline.</param>
public readonly record struct BlockRatio(double Rate, double Thrift);

/// <summary>The slots of one run, put together from what generators and switch printed.</summary>
/// <param name="Blocks">Ratios of the blocks that can be compared.</param>
/// <param name="Left">Blocks left out: a slot without traffic, or with a switch that came too late.</param>
/// <param name="SubjectRate">Median of the subject's slots, units per second.</param>
/// <param name="BaselineRate">The same of the baseline.</param>
/// <param name="SubjectThrift">Median of the subject's slots, units per second of CPU time.</param>
/// <param name="BaselineThrift">The same of the baseline.</param>
public sealed record SlotSeries(IReadOnlyList<BlockRatio> Blocks, int Left, double SubjectRate, double BaselineRate, double SubjectThrift, double BaselineThrift)
{
    /// <param name="plan">What was planned.</param>
    /// <param name="counts">What the generators counted, a row per slot.</param>
    /// <param name="switches">What the switch says, a row per slot.</param>
    /// <exception cref="FormatException">There are not as many rows as slots.</exception>
    public static SlotSeries Join(SlotPlan plan, IReadOnlyList<SlotCount> counts, IReadOnlyList<SlotSwitch> switches)
    {
        var slots = plan.Pattern.Length;
        if (counts.Count != slots || switches.Count != slots)
        {
            throw new FormatException($"{slots} slots were planned, {counts.Count} counted and {switches.Count} switched");
        }

        List<BlockRatio> blocks = [];
        List<int> subject = [], baseline = [];
        for (var first = 0; first < slots; first += SlotPlan.SlotsPerBlock)
        {
            int[] all = [.. Enumerable.Range(first, SlotPlan.SlotsPerBlock)];
            if (!all.All(i => counts[i] is { Units: > 0, Elapsed: > 0 } && switches[i].Cpu > 0 && switches[i].Late < plan.Guard.TotalNanoseconds))
            {
                continue;
            }

            int[] a = [.. all.Where(i => plan.Pattern[i] == SlotPlan.Subject)], b = [.. all.Except(a)];
            subject.AddRange(a);
            baseline.AddRange(b);
            blocks.Add(new BlockRatio(Rate(a) / Rate(b), Thrift(a) / Thrift(b)));
        }

        return new SlotSeries(
            blocks, plan.Blocks - blocks.Count,
            Median(subject, i => Rate([i])), Median(baseline, i => Rate([i])), Median(subject, i => Thrift([i])), Median(baseline, i => Thrift([i])));

        double Rate(int[] of) => of.Sum(i => counts[i].Units) / of.Sum(i => counts[i].Elapsed) * 1e9;
        // Both count the same stretch of the slot, but not to the nanosecond.
        double Thrift(int[] of) => of.Sum(i => counts[i].Units / counts[i].Elapsed) / of.Sum(i => switches[i].Cpu) * (plan.Slot - plan.Guard - plan.Tail).TotalNanoseconds * 1e9;
        static double Median(List<int> of, Func<int, double> figure) => new Measurement("", [.. of.Select(figure)]).Median;
    }

    /// <summary>Generators that take turns: in each slot one of them counts.</summary>
    public static IReadOnlyList<SlotCount> TakeTurns(IReadOnlyList<SlotCount> one, IReadOnlyList<SlotCount> other) =>
        [.. one.Zip(other, (a, b) => new SlotCount(a.Units + b.Units, a.Elapsed + b.Elapsed))];

    public static IReadOnlyList<SlotCount> ReadCounts(string output) => [.. Rows(output).Select(row => new SlotCount(row.First, row.Second))];

    public static IReadOnlyList<SlotSwitch> ReadSwitches(string output) => [.. Rows(output).Select(row => new SlotSwitch(row.First, row.Second))];

    /// <exception cref="FormatException">A line is not two numbers.</exception>
    private static IEnumerable<(double First, double Second)> Rows(string output)
    {
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            yield return line.Split(' ') is [var first, var second]
                ? (double.Parse(first, NumberStyles.Float, CultureInfo.InvariantCulture), double.Parse(second, NumberStyles.Float, CultureInfo.InvariantCulture))
                : throw new FormatException($"a slot's line is \"{line}\"");
        }
    }
}
