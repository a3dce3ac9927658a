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
using Waggle.Tests.Shared;

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
        var used = DashboardQueries.Expressions(Load(file)).SelectMany(DashboardQueries.Metrics).ToHashSet();
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(known.Keys));
    }

    /// <summary>A label that no series has joins everything, or nothing, just as silently.</summary>
    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task EveryLabel_IsOneOfItsMetrics(string file)
    {
        var known = await ExposedAsync();
        Assert.Empty(DashboardQueries.Expressions(Load(file)).SelectMany(text => DashboardQueries.Wrong(text, known)));
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

    /// <summary>Metrics with their labels; of a live agent see the conversations' test.</summary>
    private static async Task<Dictionary<string, HashSet<string>>> ExposedAsync()
    {
        var writer = new MetricsWriter();
        var metrics = new HubbleMetrics(TimeProvider.System);
        metrics.Configure(MetricsSyntax.Parse(DashboardQueries.HubbleMetrics));
        metrics.Write(writer);
        await using var exporters = new ExporterSet(new ExporterFactory("", "", new FileRotation(0, 0, false), TimeProvider.System, NullLoggerFactory.Instance), new NoFlows(), TimeProvider.System, NullLogger<ExporterSet>.Instance);
        exporters.AddStatic(new FlowLog("static", "/dev/null"));
        exporters.Write(writer);
        var known = metrics.Families.ToDictionary(family => family.Name, family => family.Labels.ToHashSet());
        DashboardQueries.Read(writer.ToString(), known);
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

    [GeneratedRegex("\\(\"([a-z_]+)\", ")]
    private static partial Regex SourceLabel();

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
