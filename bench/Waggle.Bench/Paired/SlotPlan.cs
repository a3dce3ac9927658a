using System.Globalization;

namespace Waggle.Bench.Paired;

/// <summary>
/// When which of two variants is measured: time is cut into short slots, four of which make a block: A B B A or B A A B, so that whatever
/// drifts over a block touches both alike. Which of the two is left to chance, so that nothing periodic can side with one.
/// </summary>
/// <param name="Pattern">One character per slot: <see cref="Subject"/> or <see cref="Baseline"/>.</param>
public sealed record SlotPlan(string Pattern)
{
    public const char Subject = 'x', Baseline = '.';

    public const int SlotsPerBlock = 4;

    /// <summary>Length of a slot: long against a scheduler's time slice, short against what other programs of the machine do.</summary>
    public TimeSpan Slot { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// What is not counted at a slot's beginning: packets under way, a switch that comes late, and the agents' reading of the slot before
    /// (EventReader.Rest).
    /// </summary>
    public TimeSpan Guard { get; init; } = TimeSpan.FromMilliseconds(12);

    /// <summary>What is not counted at its end.</summary>
    public TimeSpan Tail { get; init; } = TimeSpan.FromMilliseconds(1);

    public int Blocks => Pattern.Length / SlotsPerBlock;

    public TimeSpan Length => Slot * Pattern.Length;

    /// <summary>As many whole blocks as fit into a time, one at least.</summary>
    public static SlotPlan Create(TimeSpan length, Random random)
    {
        var plan = new SlotPlan("");
        var blocks = Math.Max(1, (int)(length / (plan.Slot * SlotsPerBlock)));
        return plan with { Pattern = string.Concat(Enumerable.Range(0, blocks).Select(_ => random.Next(2) == 0 ? "x..x" : ".xx.")) };
    }

    /// <summary>The same slots with the variants exchanged: the plan of the generator whose turn is when the other one rests.</summary>
    public SlotPlan Complement() => this with { Pattern = new string([.. Pattern.Select(c => c == Subject ? Baseline : Subject)]) };

    /// <summary>The plan of a generator that goes on in both variants.</summary>
    public SlotPlan Always() => this with { Pattern = new string(Subject, Pattern.Length) };

    /// <summary>The plan as <c>waggle-load</c> wants it.</summary>
    /// <param name="start">CLOCK_MONOTONIC, ns.</param>
    public string[] Arguments(long start) => [.. new[] { start, Nanoseconds(Slot), Nanoseconds(Guard), Nanoseconds(Tail) }.Select(n => n.ToString(CultureInfo.InvariantCulture)), Pattern];

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;
}
