using Waggle.Hosting.Metrics;

namespace Waggle.Hubble.Metrics.Series;

/// <summary>Counters.</summary>
public sealed class CounterFamily(string name, string help, IReadOnlyList<string> labels, int limit) : MetricFamily<CounterFamily.Counter>(name, help, labels, limit)
{
    protected override string Type => "counter";

    /// <param name="traceId">The trace of this event, shown as the series' exemplar; empty for none.</param>
    public void Add(ref LabelValues values, string traceId = "") => Update(ref values, traceId, static (counter, trace) =>
    {
        counter.Value++;
        if (trace.Length > 0)
        {
            counter.TraceId = trace;
        }
    });

    protected override void WriteSeries(MetricsWriter writer, Counter state, ReadOnlySpan<(string Name, string Value)> labels) =>
        writer.Sample("", state.Value, new Exemplar(state.TraceId, 1), labels);

    public sealed class Counter
    {
        internal long Value { get; set; }

        internal string? TraceId { get; set; }
    }
}
