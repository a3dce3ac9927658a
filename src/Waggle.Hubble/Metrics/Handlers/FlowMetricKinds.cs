using Waggle.Hosting.Config;
using Waggle.Hubble.Metrics.Configuration;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary>Which metrics there are and which options each takes.</summary>
internal static class FlowMetricKinds
{
    private static readonly (string Name, string[] Options, Func<MetricDefinition, int, FlowMetric> Make)[] Kinds =
    [
        ("dns", ["query", "ignoreAAAA"], (d, limit) => new DnsMetric(d, limit)),
        ("drop", [], (d, limit) => new DropMetric(d, limit)),
        ("flow", [], (d, limit) => new AllFlowsMetric(d, limit)),
        ("flows-to-world", ["any-drop", "port", "syn-only"], (d, limit) => new FlowsToWorldMetric(d, limit)),
        ("http", ["exemplars"], (d, limit) => new HttpMetric(d, limit)),
        ("httpV2", ["exemplars"], (d, limit) => new HttpMetric(d, limit)),
        ("icmp", [], (d, limit) => new IcmpMetric(d, limit)),
        ("kafka", [], (d, limit) => new KafkaMetric(d, limit)),
        ("multicast", [], (d, limit) => new MulticastMetric(d, limit)),
        ("policy", [], (d, limit) => new PolicyMetric(d, limit)),
        ("port-distribution", [], (d, limit) => new PortDistributionMetric(d, limit)),
        ("tcp", [], (d, limit) => new TcpMetric(d, limit)),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Select(kind => kind.Name)];

    /// <exception cref="MetricsConfigException">An unknown metric, option or context.</exception>
    public static FlowMetric Make(MetricDefinition definition, int limit)
    {
        foreach ((string name, string[] options, Func<MetricDefinition, int, FlowMetric> make) in Kinds)
        {
            if (name == definition.Name)
            {
                string[] known = [.. options, .. ContextLabels.Options];
                foreach (MetricOption option in definition.Options)
                {
                    if (!known.Contains(option.Name, StringComparer.OrdinalIgnoreCase))
                    {
                        string hint = NearestName.Find(option.Name, known) is { } near ? $"did you mean \"{near}\"?" : $"known: {string.Join(", ", known)}";
                        throw new MetricsConfigException($"metric \"{name}\" has no option \"{option.Name}\"; {hint}");
                    }
                }

                return make(definition, limit);
            }
        }

        string nearest = NearestName.Find(definition.Name, Names) is { } close ? $"did you mean \"{close}\"?" : $"known: {string.Join(", ", Names)}";
        throw new MetricsConfigException($"there is no metric \"{definition.Name}\"; {nearest}");
    }

    /// <exception cref="MetricsConfigException">Two metrics write the same series.</exception>
    public static void CheckTogether(IReadOnlyList<MetricDefinition> definitions)
    {
        if (definitions.Any(d => d.Name == "http") && definitions.Any(d => d.Name == "httpV2"))
        {
            throw new MetricsConfigException("metrics \"http\" and \"httpV2\" cannot both be kept; httpV2 is the newer one");
        }
    }
}
