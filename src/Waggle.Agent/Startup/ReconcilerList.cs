using System.Collections.Concurrent;
using Waggle.Hosting.Metrics;
using Waggle.State.Reconciling;

namespace Waggle.Agent.Startup;

/// <summary>The figures of all reconcilers.</summary>
internal sealed class ReconcilerList : IMetricsSource
{
    private readonly ConcurrentDictionary<string, ReconcilerMetrics> _all = new(StringComparer.Ordinal);

    public void Add(string name, ReconcilerMetrics metrics) => _all[name] = metrics;

    public void Write(MetricsWriter writer)
    {
        KeyValuePair<string, ReconcilerMetrics>[] all = [.. _all.OrderBy(r => r.Key, StringComparer.Ordinal)];
        writer.Family("cilium_reconciler_operations_total", "counter", "Operations of reconcilers by outcome.");
        foreach ((string name, ReconcilerMetrics m) in all)
        {
            writer.Sample(m.Updates, ("reconciler", name), ("operation", "update")).Sample(m.Deletes, ("reconciler", name), ("operation", "delete"))
                .Sample(m.Prunes, ("reconciler", name), ("operation", "prune")).Sample(m.Failures, ("reconciler", name), ("operation", "failure"));
        }

        writer.Family("cilium_reconciler_retrying", "gauge", "Rows that wait for another attempt.");
        foreach ((string name, ReconcilerMetrics m) in all)
        {
            writer.Sample(m.Retrying, ("reconciler", name));
        }
    }
}
