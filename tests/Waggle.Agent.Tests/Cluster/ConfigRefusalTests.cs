using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>Nonsense written straight into ConfigMap <c>cilium-config</c>: refused as a whole, said aloud, survived by a restart.</summary>
public sealed class ConfigRefusalTests
{
    [Fact]
    public async Task ConfigMap_WithAnUnknownKey_IsRefusedUntilCorrectedAlsoOverARestart()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        TestNode node = cluster.Nodes[0];
        await WriteAsync(cluster, ("multicast-enabled", "true"));
        await UntilAsync(node, async () => await ValueAsync(node, "multicast-enabled") == "true");

        await WriteAsync(cluster, ("multicast-enable", "false"), ("multicast-max-groups", "7"));
        await UntilAsync(node, async () => (await ConfigHealthAsync(node))?.Contains("unknown key \"multicast-enable\"; did you mean \"multicast-enabled\"?", StringComparison.Ordinal) == true);
        Assert.Equal(("true", "1024"), (await ValueAsync(node, "multicast-enabled"), await ValueAsync(node, "multicast-max-groups")));
        await UntilAsync(node, async () => (await RefusalsAsync(cluster)).Any(e => e.Contains("node node0 keeps the configuration", StringComparison.Ordinal) && e.Contains("did you mean \"multicast-enabled\"?", StringComparison.Ordinal)));

        // The files of the mounted ConfigMap say the same at the next start; the agent comes up as it was.
        node.KillAgent();
        await node.ConfigureAsync("multicast-enable", "false");
        node.StartAgent();
        await node.WaitReadyAsync();
        Assert.Equal("true", await ValueAsync(node, "multicast-enabled"));
        Assert.Contains("starting with the one accepted before", node.Log, StringComparison.Ordinal);
        await UntilAsync(node, async () => await ConfigHealthAsync(node) is { Length: > 0 });

        await WriteAsync(cluster, ("multicast-enable", null));
        await UntilAsync(node, async () => await ConfigHealthAsync(node) is "" && await ValueAsync(node, "multicast-max-groups") == "7");
    }

    [Fact]
    public async Task Start_WithNonsenseAndNothingAcceptedBefore_IsRefusedWithTheNearestValue()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        TestNode node = cluster.Nodes[0];
        node.KillAgent();
        File.Delete(Path.Combine(node.RunDirectory, "config.json"));
        await node.ConfigureAsync("routing-mode", "nativ");
        node.StartAgent();
        Assert.Equal(1, await node.WaitExitAsync());
        Assert.Contains("did you mean \"native\"?", node.Log, StringComparison.Ordinal);
        Assert.Contains("correct ConfigMap cilium-config", node.Log, StringComparison.Ordinal);
        Assert.Contains(await RefusalsAsync(cluster), e => e.Contains("the agent of node node0 does not start", StringComparison.Ordinal) && e.Contains("did you mean \"native\"?", StringComparison.Ordinal));
    }

    private static Task WriteAsync(TestCluster cluster, params (string Key, string? Value)[] data) =>
        cluster.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject(data.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))) }));

    private static async Task<string?> ValueAsync(TestNode node, string key) =>
        (await node.TryGetAsync("/v1/tables/config"))?["rows"]!.AsArray().Single(r => (string?)r!["Key"] == key)!["Value"]!.ToString();

    /// <summary>What the module "config" says; null when the agent does not answer.</summary>
    private static async Task<string?> ConfigHealthAsync(TestNode node) =>
        (await node.TryGetAsync("/v1/status"))?["modules"]!.AsArray().FirstOrDefault(m => (string?)m!["module"] == "config")?["message"]!.ToString();

    private static async Task<List<string>> RefusalsAsync(TestCluster cluster) =>
        [.. (await cluster.Client.ListAsync(KubeTypes.Events, "kube-system")).Items.Where(e => e.Reason == "ConfigurationRefused" && e.InvolvedObject?.Kind == "ConfigMap").Select(e => e.Message ?? "")];

    private static async Task UntilAsync(TestNode node, Func<Task<bool>> condition)
    {
        for (long started = Stopwatch.GetTimestamp(); !await condition(); await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), node.Log);
        }
    }
}
