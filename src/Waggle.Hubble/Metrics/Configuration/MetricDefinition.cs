using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Configuration;

/// <summary>One metric to keep, as configured.</summary>
/// <param name="Name">E.g. <c>drop</c>, <c>httpV2</c>.</param>
/// <param name="Include">Only flows that one of these takes; empty: all.</param>
/// <param name="Exclude">No flows that one of these takes.</param>
public sealed record MetricDefinition(string Name, IReadOnlyList<MetricOption> Options, IReadOnlyList<FlowFilter> Include, IReadOnlyList<FlowFilter> Exclude)
{
    public MetricDefinition(string name, params MetricOption[] options) : this(name, options, [], [])
    {
    }
}

/// <param name="Values">What stands after the <c>=</c>, split; empty for an option without value.</param>
public sealed record MetricOption(string Name, IReadOnlyList<string> Values);

/// <summary>A configuration of metrics that cannot be used; the message names the metric and the option.</summary>
public sealed class MetricsConfigException(string message) : Exception(message);
