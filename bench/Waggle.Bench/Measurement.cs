using Waggle.Bench.Paired;

namespace Waggle.Bench;

/// <summary>
/// Samples of one figure on one path. Machines are shared and noisy: only medians are quoted, and only as a ratio to a baseline
/// that was sampled in the same run, in alternation.
/// </summary>
/// <param name="Name">What was measured, e.g. <c>waggle, same node</c>.</param>
/// <param name="Samples">Each run's figure, in <see cref="Comparison.Unit"/>.</param>
public sealed record Measurement(string Name, IReadOnlyList<double> Samples)
{
    public double Median
    {
        get
        {
            var sorted = Samples.Order().ToArray();
            return sorted.Length == 0 ? double.NaN
                : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2]
                : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
        }
    }

    public double Minimum => Samples.Count == 0 ? double.NaN : Samples.Min();

    public double Maximum => Samples.Count == 0 ? double.NaN : Samples.Max();
}

/// <summary>Which side of a goal a ratio must be on.</summary>
public enum GoalKind
{
    /// <summary>No bar: the figure is stated.</summary>
    Stated,
    AtLeast,
    AtMost,
}

/// <param name="Kind">The side.</param>
/// <param name="Value">The bar for the ratio subject / baseline (or for the absolute figure when there is no baseline).</param>
public readonly record struct Goal(GoalKind Kind, double Value)
{
    public static Goal Stated => default;

    public static Goal AtLeast(double ratio) => new(GoalKind.AtLeast, ratio);

    public static Goal AtMost(double ratio) => new(GoalKind.AtMost, ratio);

    public bool? Reached(double ratio) => Kind switch
    {
        GoalKind.AtLeast => ratio >= Value,
        GoalKind.AtMost => ratio <= Value,
        _ => null,
    };

    public override string ToString() => Kind switch
    {
        GoalKind.AtLeast => FormattableString.Invariant($"≥ {Value}"),
        GoalKind.AtMost => FormattableString.Invariant($"≤ {Value}"),
        _ => "stated",
    };
}

/// <summary>A figure against its named baseline of the same run. Without a baseline the goal speaks of the figure itself.</summary>
public sealed record Comparison(string Title, string Unit, Measurement Subject, Measurement? Baseline, Goal Goal)
{
    /// <summary>Where both sides were sampled in pairs: their ratio, which is closer to the truth than the medians' ratio.</summary>
    public PairedRatio? Paired { get; init; }

    public double Ratio => Paired?.Median ?? (Baseline is null ? Subject.Median : Subject.Median / Baseline.Median);

    /// <summary>Null: there is no goal, or the samples cannot tell.</summary>
    public bool? Reached => Verdict switch { Verdict.Reached => true, Verdict.Missed => false, _ => null };

    public Verdict Verdict => Paired?.Against(Goal) ?? Goal.Reached(Ratio) switch { null => Verdict.Stated, true => Verdict.Reached, false => Verdict.Missed };
}
