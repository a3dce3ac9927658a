using System.Text.Json.Nodes;
using Waggle.Hubble.Export.Configuration;
using Waggle.Kube.Json;
using YamlDotNet.Core;

namespace Waggle.Hubble.Metrics.Configuration;

/// <summary>The file of <c>hubble-dynamic-metrics-config-path</c>: <c>metrics: [{name, contextOptions: [{name, values}], includeFilters, excludeFilters}]</c>.</summary>
public static class MetricsFile
{
    /// <exception cref="MetricsConfigException">Something cannot be used; the message says what.</exception>
    public static IReadOnlyList<MetricDefinition> Parse(string yaml)
    {
        try
        {
            if (KubeYaml.ReadAll(yaml).FirstOrDefault()?["metrics"] is not { } list)
            {
                return [];
            }

            var metrics = new List<MetricDefinition>();
            foreach (JsonNode? item in list.AsArray())
            {
                MetricDefinition metric = One(item as JsonObject ?? throw new FormatException("each metric is a mapping"));
                metrics.Add(metrics.Any(known => known.Name == metric.Name) ? throw new MetricsConfigException($"metric \"{metric.Name}\" is named twice") : metric);
            }

            return metrics;
        }
        catch (Exception wrong) when (wrong is YamlException or InvalidOperationException or InvalidCastException or FormatException)
        {
            throw new MetricsConfigException($"no list of metrics: {wrong.Message}");
        }
    }

    private static MetricDefinition One(JsonObject item)
    {
        string name = item["name"]?.ToString() is { Length: > 0 } given ? given : throw new MetricsConfigException("a metric has no name");
        MetricOption[] options = [.. (item["contextOptions"] as JsonArray ?? []).Select(option => new MetricOption(option?["name"]?.ToString() ?? "", [.. (option?["values"] as JsonArray ?? []).Select(value => value?.ToString() ?? "")]))];
        return new MetricDefinition(name, options, FilterTexts.ParseList(item["includeFilters"]), FilterTexts.ParseList(item["excludeFilters"]));
    }
}
