using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Metrics.Series;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary>One configured metric: it looks at every flow and counts those that concern it.</summary>
internal abstract class FlowMetric(MetricDefinition definition, int limit)
{
    private readonly List<IMetricFamily> _families = [];

    public MetricDefinition Definition { get; } = definition;

    /// <summary>Every family's labels end with the names of these.</summary>
    public ContextLabels Context { get; } = ContextLabels.Parse(definition.Name, definition.Options);

    public IReadOnlyList<IMetricFamily> Families => _families;

    public abstract void Process(in FlowRecord flow);

    protected CounterFamily Counter(string name, string help, params IReadOnlyList<string> labels)
    {
        var family = new CounterFamily("hubble_" + name, help, [.. labels, .. Context.Names], limit);
        _families.Add(family);
        return family;
    }

    protected HistogramFamily Histogram(string name, string help, params IReadOnlyList<string> labels)
    {
        var family = new HistogramFamily("hubble_" + name, help, [.. labels, .. Context.Names], limit);
        _families.Add(family);
        return family;
    }

    /// <summary>Whether an option without value was given; case does not matter.</summary>
    protected bool Has(string option) => Definition.Options.Any(o => o.Name.Equals(option, StringComparison.OrdinalIgnoreCase));
}
