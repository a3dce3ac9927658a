namespace Waggle.Bench;

/// <summary>Percentiles of few samples.</summary>
internal static class Percentile
{
    /// <summary>The smallest sample that at least this part of all samples does not exceed (nearest rank); NaN without samples.</summary>
    /// <param name="samples">In any order.</param>
    /// <param name="part">0 to 1, e.g. 0.99.</param>
    internal static double Of(IReadOnlyCollection<double> samples, double part)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(part, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, 1);
        return samples.Count == 0 ? double.NaN : samples.Order().ElementAt(Math.Max((int)Math.Ceiling(part * samples.Count) - 1, 0));
    }
}
