using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export;
using Waggle.Hubble.Export.Configuration;
using Waggle.Hubble.Export.Targets;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;

namespace Waggle.Tests.Repository;

/// <summary>A dashboard that asks for a metric nobody exposes shows nothing, and nobody notices.</summary>
public sealed partial class DashboardTests
{
    /// <summary>Labels that Prometheus itself adds.</summary>
    private static readonly string[] Scraped = ["instance", "job"];

    public static TheoryData<string> Dashboards => [.. SourceTree.Files("deploy/dashboards", "*.json")];

    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task EveryMetric_IsExposed(string file)
    {
        var known = await ExposedAsync();
        var used = Expressions(file).SelectMany(text => MetricName().Matches(text).Select(match => match.Value)).ToHashSet();
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(known.Keys));
    }

    /// <summary>A label that no series has joins everything, or nothing, just as silently.</summary>
    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task EveryLabel_IsOneOfItsMetrics(string file)
    {
        var known = await ExposedAsync();
        var wrong = new List<string>();
        foreach (var text in Expressions(file))
        {
            HashSet<string> all = [.. MetricName().Matches(text).SelectMany(match => known[match.Value]), .. Scraped];
            foreach (Match metric in Selector().Matches(text))
            {
                wrong.AddRange(Matcher().Matches(metric.Groups[2].Value).Select(m => m.Groups[1].Value).Where(label => !known[metric.Groups[1].Value].Contains(label) && !Scraped.Contains(label)).Select(label => $"{label} in {text}"));
            }

            var joined = Grouping().Matches(text).Concat(LabelValues().Matches(text)).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries));
            wrong.AddRange(joined.Where(label => !all.Contains(label)).Select(label => $"{label} in {text}"));
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Panels_HaveIdsOfTheirOwnAndSaySomething(string file)
    {
        var dashboard = Load(file);
        var panels = dashboard["panels"]!.AsArray().Select(panel => panel!.AsObject()).ToList();
        Assert.Equal(panels.Count, panels.Select(panel => (int)panel["id"]!).Distinct().Count());
        Assert.All(panels, panel => Assert.NotEqual("", (string?)panel["description"] ?? ""));
        Assert.StartsWith("waggle-hubble-", (string)dashboard["uid"]!);
    }

    private static JsonObject Load(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, file)))!.AsObject();

    private static IEnumerable<string> Expressions(string file)
    {
        var dashboard = Load(file);
        var panels = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!);
        var variables = dashboard["templating"]!["list"]!.AsArray().Select(variable => variable!["query"]).OfType<JsonObject>().Select(query => (string)query["query"]!);
        return panels.Concat(variables);
    }

    /// <summary>Metrics with their labels, of a configuration such as the dashboards' descriptions ask for.</summary>
    private static async Task<Dictionary<string, HashSet<string>>> ExposedAsync()
    {
        var writer = new MetricsWriter();
        var metrics = new HubbleMetrics(TimeProvider.System);
        metrics.Configure(MetricsSyntax.Parse(
            "dns:query drop:sourceContext=workload|reserved-identity|ip;destinationContext=workload|reserved-identity|ip flow flows-to-world:port httpV2 icmp kafka multicast port-distribution tcp "
            + "policy:sourceContext=app|pod;destinationContext=app|pod;labelsContext=source_namespace,destination_namespace"));
        metrics.Write(writer);
        await using var exporters = new ExporterSet(new ExporterFactory("", "", new FileRotation(0, 0, false), TimeProvider.System, NullLoggerFactory.Instance), new NoFlows(), TimeProvider.System, NullLogger<ExporterSet>.Instance);
        exporters.AddStatic(new FlowLog("static", "/dev/null"));
        exporters.Write(writer);
        var known = metrics.Families.ToDictionary(family => family.Name, family => family.Labels.ToHashSet());
        foreach (Match name in TypeLine().Matches(writer.ToString()))
        {
            known.TryAdd(name.Groups[1].Value, []);
        }

        foreach (Match sample in SampleLine().Matches(writer.ToString()))
        {
            known[sample.Groups[1].Value].UnionWith(Matcher().Matches(sample.Groups[2].Value).Select(match => match.Groups[1].Value));
        }

        foreach (var (name, labels) in known.ToList())
        {
            known.TryAdd(name + "_bucket", [.. labels, "le"]);
            known.TryAdd(name + "_sum", labels);
            known.TryAdd(name + "_count", labels);
        }

        // The agent's and the operator's figures need a node: names and labels stand in the source, in one file.
        foreach (var source in SourceTree.Files("src", "*.cs"))
        {
            var text = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, source), TestContext.Current.CancellationToken);
            HashSet<string> labels = [.. SourceLabel().Matches(text).Select(match => match.Groups[1].Value)];
            foreach (Match name in SourceName().Matches(text))
            {
                known.TryAdd(name.Groups[1].Value, []);
                known[name.Groups[1].Value].UnionWith(labels);
            }
        }

        return known;
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

    [GeneratedRegex("\\(\"([a-z_]+)\", ")]
    private static partial Regex SourceLabel();

    [GeneratedRegex(@"# TYPE (\S+) ")]
    private static partial Regex TypeLine();

    [GeneratedRegex("\"(cilium_[a-z0-9_]+)\"")]
    private static partial Regex SourceName();

    private sealed class NoSubscription : IFlowSubscription
    {
        public ulong Delivered => 0;

        public ulong Lost => 0;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class NoFlows : IFlowSource
    {
        public IFlowSubscription Subscribe(IFlowConsumer consumer, int queueCapacity = 16384) => new NoSubscription();
    }
}
