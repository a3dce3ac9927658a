using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export;
using Waggle.Hubble.Export.Targets;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;

namespace Waggle.Tests.Repository;

/// <summary>A dashboard that asks for a metric nobody exposes shows nothing, and nobody notices.</summary>
public sealed partial class DashboardTests
{
    public static TheoryData<string> Dashboards => [.. SourceTree.Files("deploy/dashboards", "*.json")];

    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task EveryMetric_IsExposed(string file)
    {
        var known = await ExposedAsync();
        var used = Expressions(file).SelectMany(text => MetricName().Matches(text).Select(match => match.Value)).ToHashSet();
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(known));
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

    private static async Task<HashSet<string>> ExposedAsync()
    {
        var writer = new MetricsWriter();
        var metrics = new HubbleMetrics(TimeProvider.System);
        metrics.Configure(MetricsSyntax.Parse("dns drop flow flows-to-world httpV2 icmp kafka multicast policy port-distribution tcp"));
        metrics.Write(writer);
        await using var exporters = new ExporterSet(new ExporterFactory("", "", new FileRotation(0, 0, false), TimeProvider.System, NullLoggerFactory.Instance), new NoFlows(), TimeProvider.System, NullLogger<ExporterSet>.Instance);
        exporters.Write(writer);
        HashSet<string> names = [.. TypeLine().Matches(writer.ToString()).Select(match => match.Groups[1].Value)];
        names.UnionWith(names.SelectMany(name => new[] { name + "_bucket", name + "_sum", name + "_count" }).ToList());

        // The agent's and the operator's figures need a node: their names stand in the source.
        foreach (var source in SourceTree.Files("src", "*.cs"))
        {
            names.UnionWith(SourceName().Matches(await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, source), TestContext.Current.CancellationToken)).Select(match => match.Groups[1].Value));
        }

        return names;
    }

    [GeneratedRegex(@"\b(?:hubble|cilium)_[a-z0-9_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"# TYPE (\S+) ")]
    private static partial Regex TypeLine();

    [GeneratedRegex("\"(cilium_[a-z0-9_]+)\"")]
    private static partial Regex SourceName();

    private sealed class NoFlows : IFlowSource
    {
        public IFlowSubscription Subscribe(IFlowConsumer consumer, int queueCapacity = 16384) => throw new NotSupportedException();
    }
}
