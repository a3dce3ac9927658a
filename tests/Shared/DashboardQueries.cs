using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Waggle.Tests.Shared;

/// <summary>What dashboards ask for, and what a scrape has: metrics with their labels.</summary>
internal static partial class DashboardQueries
{
    /// <summary>A configuration such as the dashboards' descriptions ask for (<c>hubble-metrics</c>).</summary>
    public const string HubbleMetrics =
        "dns:query drop:sourceContext=workload|reserved-identity|ip;destinationContext=workload|reserved-identity|ip flow flows-to-world:port httpV2 icmp kafka multicast port-distribution tcp "
        + "policy:sourceContext=app|pod;destinationContext=app|pod;labelsContext=source_namespace,destination_namespace";

    /// <summary>Labels that Prometheus itself adds.</summary>
    private static readonly string[] Scraped = ["instance", "job"];

    /// <summary>Expressions of panels and variables.</summary>
    public static IEnumerable<string> Expressions(JsonObject dashboard)
    {
        var panels = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!);
        var variables = dashboard["templating"]!["list"]!.AsArray().Select(variable => variable!["query"]).OfType<JsonObject>().Select(query => (string)query["query"]!);
        return panels.Concat(variables);
    }

    /// <summary>Metrics of an expression.</summary>
    public static IEnumerable<string> Metrics(string expression) => MetricName().Matches(expression).Select(match => match.Value);

    /// <summary>Labels of an expression that its metrics do not have.</summary>
    public static IEnumerable<string> Wrong(string expression, IReadOnlyDictionary<string, HashSet<string>> known)
    {
        HashSet<string> all = [.. Metrics(expression).SelectMany(metric => known[metric]), .. Scraped];
        var selected = Selector().Matches(expression).SelectMany(metric => Matcher().Matches(metric.Groups[2].Value).Select(m => m.Groups[1].Value).Where(label => !known[metric.Groups[1].Value].Contains(label) && !Scraped.Contains(label)));
        var joined = Grouping().Matches(expression).Concat(LabelValues().Matches(expression)).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).Where(label => !all.Contains(label));
        return selected.Concat(joined).Select(label => $"{label} in {expression}");
    }

    /// <summary>Adds the metrics of a scrape with the labels of their series; those without series have none.</summary>
    public static void Read(string scrape, Dictionary<string, HashSet<string>> known)
    {
        foreach (Match name in TypeLine().Matches(scrape))
        {
            known.TryAdd(name.Groups[1].Value, []);
        }

        foreach (Match sample in SampleLine().Matches(scrape))
        {
            known.TryAdd(sample.Groups[1].Value, []);
            known[sample.Groups[1].Value].UnionWith(Matcher().Matches(sample.Groups[2].Value).Select(match => match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"\b(?:hubble|cilium)_[a-z0-9_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"\b((?:hubble|cilium)_[a-z0-9_]+)\{([^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)\s*""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]+)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"^label_values\([^,]+,\s*(\w+)\)")]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"^(\w+)\{([^}]*)\} ", RegexOptions.Multiline)]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"# TYPE (\S+) ")]
    private static partial Regex TypeLine();
}
