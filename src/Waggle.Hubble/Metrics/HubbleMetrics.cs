using System.Diagnostics;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Metrics.Handlers;
using Waggle.Hubble.Metrics.Series;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Metrics;

/// <summary>Hubble's metrics: counts the flows it is handed by the configured metrics and writes them at a scrape.</summary>
/// <param name="seriesLimit">Series of one family at most; the rest is folded into one.</param>
public sealed class HubbleMetrics(TimeProvider time, int seriesLimit = HubbleMetrics.DefaultSeriesLimit) : IFlowConsumer, IMetricsSource
{
    public const int DefaultSeriesLimit = 10_000;

    /// <summary>A pod's series stay this long after it went, so that a scrape still sees its last flows.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset Due, string Namespace, string Pod)> _gone = [];
    private readonly long[] _lost = new long[8];
    private volatile Active[] _active = [];

    public string Name => "metrics";

    /// <summary>What is kept now.</summary>
    public IReadOnlyList<MetricDefinition> Definitions => [.. _active.Select(each => each.Metric.Definition)];

    /// <summary>The metrics that flows make now, with their labels.</summary>
    public IReadOnlyList<IMetricFamily> Families => [.. _active.SelectMany(each => each.Metric.Families)];

    /// <summary>Keeps these metrics from now on. A metric whose definition did not change keeps its series.</summary>
    /// <exception cref="MetricsConfigException">A definition cannot be used; nothing changed.</exception>
    public void Configure(IReadOnlyList<MetricDefinition> definitions)
    {
        FlowMetricKinds.CheckTogether(definitions);
        Active[] old = _active;
        _active = [.. definitions.Select(definition =>
        {
            string text = Text(definition);
            return old.FirstOrDefault(known => known.Text == text) ?? new Active(FlowMetricKinds.Make(definition, seriesLimit), Compile(definition), text);
        })];
    }

    /// <summary>A pod is gone: the series that name it go a minute later.</summary>
    public void PodGone(string podNamespace, string pod)
    {
        lock (_lock)
        {
            _gone.Enqueue((time.GetUtcNow() + Grace, podNamespace, pod));
        }
    }

    public ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation)
    {
        Active[] active = _active;
        foreach (ref readonly FlowRecord flow in flows.Span)
        {
            foreach (Active each in active)
            {
                if (each.Wants.Matches(in flow))
                {
                    each.Metric.Process(in flow);
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation)
    {
        Interlocked.Add(ref _lost[(int)source & 7], (long)count);
        return ValueTask.CompletedTask;
    }

    public void Write(MetricsWriter writer)
    {
        RemoveGone();
        IReadOnlyList<IMetricFamily> families = Families;
        foreach (IMetricFamily family in families)
        {
            family.Write(writer);
        }

        writer.Family("hubble_lost_events_total", "counter", "Number of lost events");
        for (int source = 1; source <= 3; source++)
        {
            writer.Sample(Volatile.Read(ref _lost[source]), ("source", ProtoNames.LostEventSource[source].ToLowerInvariant()));
        }

        writer.Family("hubble_metrics_series", "gauge", "Series of a metric now.");
        foreach (IMetricFamily family in families)
        {
            writer.Sample(family.Count, ("metric", family.Name));
        }

        writer.Family("hubble_metrics_folded_total", "counter", "Flows counted in a folded series because their metric has as many series as it may.");
        foreach (IMetricFamily family in families)
        {
            writer.Sample(family.FoldedEvents, ("metric", family.Name));
        }
    }

    private static string Text(MetricDefinition definition) =>
        $"{definition.Name}|{string.Join(';', definition.Options.Select(o => $"{o.Name}={string.Join('|', o.Values)}"))}|{string.Join(' ', definition.Include)}|{string.Join(' ', definition.Exclude)}";

    private static FlowFilterSet Compile(MetricDefinition definition)
    {
        try
        {
            return FlowFilterSet.Compile(definition.Include, definition.Exclude);
        }
        catch (RpcException wrong)
        {
            throw new MetricsConfigException($"metric \"{definition.Name}\": {wrong.Detail.Replace("whitelist", "includeFilters", StringComparison.Ordinal).Replace("blacklist", "excludeFilters", StringComparison.Ordinal)}");
        }
    }

    // At a scrape: nobody sees the series in between.
    private void RemoveGone()
    {
        var due = new HashSet<(string Namespace, string Pod)>();
        lock (_lock)
        {
            while (_gone.TryPeek(out var next) && next.Due <= time.GetUtcNow())
            {
                due.Add((next.Namespace, next.Pod));
                _gone.Dequeue();
            }
        }

        if (due.Count == 0)
        {
            return;
        }

        foreach (FlowMetric metric in _active.Select(each => each.Metric).Where(metric => metric.Context.NamesPods))
        {
            foreach (IMetricFamily family in metric.Families)
            {
                int offset = family.Labels.Count - metric.Context.Names.Count;
                Debug.Assert(offset >= 0);
                family.Remove(values => metric.Context.TellsOf(due, values, offset));
            }
        }
    }

    private sealed record Active(FlowMetric Metric, FlowFilterSet Wants, string Text);
}
