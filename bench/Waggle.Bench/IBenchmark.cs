namespace Waggle.Bench;

/// <summary>One group of figures, run by <c>waggle bench NAME</c>.</summary>
public interface IBenchmark
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>One line for the help text.</summary>
    string Description { get; }

    /// <summary>Measures; builds and removes whatever it needs in network namespaces of its own.</summary>
    Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation);
}

/// <param name="Rounds">How many times each side is sampled, in alternation.</param>
/// <param name="Duration">How long one sample of a throughput figure lasts.</param>
/// <param name="Progress">Where progress is told (standard error).</param>
/// <param name="Programs">The folder of the native programs, with waggle-load.</param>
public sealed record BenchmarkContext(int Rounds, TimeSpan Duration, TextWriter Progress, string Programs)
{
    /// <summary>Samples both sides in alternation (A B A B …), so that a drift of the machine's speed touches both.</summary>
    public async Task<(Measurement Subject, Measurement Baseline)> AlternateAsync(
        string subjectName, Func<Task<double>> subject, string baselineName, Func<Task<double>> baseline)
    {
        List<double> a = [], b = [];
        for (var round = 0; round < Rounds; round++)
        {
            a.Add(await subject().ConfigureAwait(false));
            b.Add(await baseline().ConfigureAwait(false));
            Progress.WriteLine(FormattableString.Invariant($"  round {round + 1}/{Rounds}: {subjectName} {a[^1]:g5}, {baselineName} {b[^1]:g5}"));
        }

        return (new Measurement(subjectName, a), new Measurement(baselineName, b));
    }
}
