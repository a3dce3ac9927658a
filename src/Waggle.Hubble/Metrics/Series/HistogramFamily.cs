using System.Globalization;
using Waggle.Hosting.Metrics;

namespace Waggle.Hubble.Metrics.Series;

/// <summary>Histograms of durations in seconds, with the buckets that Prometheus clients use by default.</summary>
public sealed class HistogramFamily(string name, string help, IReadOnlyList<string> labels, int limit) : MetricFamily<HistogramFamily.Histogram>(name, help, labels, limit)
{
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly string[] BoundTexts = [.. Bounds.Select(bound => bound.ToString("R", CultureInfo.InvariantCulture)), "+Inf"];

    protected override string Type => "histogram";

    /// <param name="seconds">The duration.</param>
    public void Observe(ref LabelValues values, double seconds, string traceId = "") => Update(ref values, (seconds, traceId), static (histogram, change) =>
    {
        int bucket = Array.BinarySearch(Bounds, change.seconds);
        bucket = bucket >= 0 ? bucket : ~bucket;
        histogram.Buckets[bucket]++;
        histogram.Sum += change.seconds;
        if (change.traceId.Length > 0)
        {
            histogram.Exemplars[bucket] = new Exemplar(change.traceId, change.seconds);
        }
    });

    protected override void WriteSeries(MetricsWriter writer, Histogram state, ReadOnlySpan<(string Name, string Value)> labels)
    {
        (string Name, string Value)[] all = [.. labels, ("le", "")];
        long count = 0;
        for (int i = 0; i < BoundTexts.Length; i++)
        {
            count += state.Buckets[i];
            all[^1] = ("le", BoundTexts[i]);
            writer.Sample("_bucket", count, state.Exemplars[i], all);
        }

        writer.Sample("_sum", state.Sum, default, labels);
        writer.Sample("_count", count, default, labels);
    }

    public sealed class Histogram
    {
        internal long[] Buckets { get; } = new long[Bounds.Length + 1];

        internal Exemplar[] Exemplars { get; } = new Exemplar[Bounds.Length + 1];

        internal double Sum { get; set; }
    }
}
