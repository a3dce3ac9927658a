namespace Waggle.Bench.Paired;

/// <summary>What can be said about a goal.</summary>
public enum Verdict
{
    /// <summary>There is no goal.</summary>
    Stated,
    Reached,
    Missed,

    /// <summary>The bar lies inside the interval: more, or quieter, blocks are needed.</summary>
    CannotTell,
}

/// <summary>
/// The median of ratios that were each taken within a moment, and the interval in which it lies with 95 % confidence (bootstrap: the
/// medians of as many ratios drawn from these, with repetition, many times over; their 2.5th and 97.5th percentile).
/// </summary>
/// <param name="Median">The best estimate.</param>
/// <param name="Lower">Lower end of the interval.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Count">Ratios it was made of.</param>
public readonly record struct PairedRatio(double Median, double Lower, double Upper, int Count)
{
    /// <summary>With fewer, an interval says nothing.</summary>
    public const int Fewest = 8;

    private const int Draws = 2000;

    /// <summary>Always the same for the same ratios.</summary>
    public static PairedRatio Of(IReadOnlyList<double> ratios)
    {
        var median = new Measurement("", ratios).Median;
        if (ratios.Count < Fewest)
        {
            return new PairedRatio(median, 0, double.PositiveInfinity, ratios.Count);
        }

        var random = new Random(1);
        var medians = new double[Draws];
        var drawn = new double[ratios.Count];
        for (var draw = 0; draw < Draws; draw++)
        {
            for (var i = 0; i < drawn.Length; i++)
            {
                drawn[i] = ratios[random.Next(ratios.Count)];
            }

            medians[draw] = new Measurement("", drawn).Median;
        }

        return new PairedRatio(median, Percentile.Of(medians, 0.025), Percentile.Of(medians, 0.975), ratios.Count);
    }

    /// <summary>Reached or missed only if all of the interval is on one side of the bar.</summary>
    public Verdict Against(Goal goal) => (goal.Reached(Lower), goal.Reached(Upper)) switch
    {
        (null, _) => Verdict.Stated,
        (true, true) => Verdict.Reached,
        (false, false) => Verdict.Missed,
        _ => Verdict.CannotTell,
    };
}
