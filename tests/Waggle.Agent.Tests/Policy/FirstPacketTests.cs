using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Policy;

/// <summary>A pod that sends and is sent to the moment the plugin returns meets its own policy and that of others, with the very first packet.</summary>
public sealed class FirstPacketTests(ITestOutputHelper output)
{
    private const string Policies = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        specs:
          - endpointSelector: {matchLabels: {app: open}}
            ingress: [{fromEndpoints: [{matchLabels: {kind: guest}}]}]
          - endpointSelector: {matchLabels: {app: closed}}
            ingressDeny: [{fromEndpoints: [{matchLabels: {kind: guest}}]}]
            ingress: [{fromEntities: [all]}]
          - endpointSelector: {matchLabels: {kind: guest}}
            egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]}]
            ingress: [{fromEndpoints: [{matchLabels: {app: nobody}}]}]
        """;

    [Fact]
    public async Task Newcomers_ConnectAtOnce_NoVerdictIsWrong()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("WAGGLE_POLICY_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : 200;
        await using PolicyLab lab = await PolicyLab.StartAsync(1, ("cluster-pool-ipv4-mask-size", "18"), ("policy-deny-response", "reset"));
        TestNode node = lab.Nodes[0];
        Peer open = await lab.AddPodAsync(0, "default", "open", [("app", "open")]), closed = await lab.AddPodAsync(0, "default", "closed", [("app", "closed")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Policies);

        var next = new ConcurrentQueue<int>(Enumerable.Range(0, rounds));
        var results = new ConcurrentBag<Round>();
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(8, rounds)).Select(_ => WorkAsync(lab, open, closed, next, results)));
        string[] wrong = [.. results.Where(r => r.Wrong.Length > 0).Select(r => $"{r.Pod}: {r.Wrong}")];
        output.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s: {wrong.Length} wrong verdicts; first packet {Text(results.Select(r => r.First))} after the end of ADD; "
            + $"{100.0 * results.Count(r => r.First <= 1000) / rounds:F2} % within 1 ms; all four verdicts {Text(results.Select(r => r.Done))}; ADD {Text(results.Select(r => r.Add))}");
        Assert.True(wrong.Length == 0 && results.Count == rounds, $"{wrong.Length} of {results.Count} rounds:\n{string.Join('\n', wrong.Take(20))}\n{node.Log}");
    }

    [Fact]
    public async Task OtherNodes_LearnANewIdentity_PolicyBeforeAddresses()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("WAGGLE_POLICY_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? Math.Min(asked, 1000) : 25;
        await using PolicyLab lab = await PolicyLab.StartAsync(2, ("cluster-pool-ipv4-mask-size", "20"));
        (TestNode here, TestNode there) = (lab.Nodes[0], lab.Nodes[1]);
        Peer open = await lab.AddPodAsync(1, "default", "open", [("app", "open")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Policies);
        JsonNode subject = await PolicyLab.UntilAsync("the table of the other node's pod", async () =>
            (await there.TryGetAsync("/v1/tables/policy-subjects"))?["rows"]!.AsArray().FirstOrDefault(r => (uint)r!["ingressTable"]! != 0));
        uint table = (uint)subject["ingressTable"]!;
        using DatapathMaps maps = DatapathMaps.OpenPinned(new DatapathPaths(there.BpfFromOutside), readOnly: true);
        var times = new List<int>();
        for (int i = 0; i < rounds; i++)
        {
            TestPod pod = await here.AddPodAsync("default", $"guest{i}", [("kind", "guest"), ("run", $"{i}")]);
            long started = Stopwatch.GetTimestamp();
            var key = new IpcacheKey { Address = Address.From(IPAddress.Parse(pod.Ip)) };
            IpcacheEntry entry;
            while (!maps.Ipcache.TryLookup(key, out entry))
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), $"{there.Name} does not learn {pod.Name}\n{there.Log}");
                await Task.Delay(1);
            }

            times.Add((int)Stopwatch.GetElapsedTime(started).TotalMicroseconds);

            // Who can be recognised by his address has his row in the table: never the one without the other.
            Assert.True(maps.PolicyPeers.TryLookup(new PolicyPeerKey { Table = table, Identity = entry.Identity }, out _), $"identity {entry.Identity} of {pod.Ip}, table {table}\n{there.Log}");
            await pod.CniAsync("DEL");
            pod.Dispose();
        }

        output.WriteLine($"{rounds} new identities: another node has address and policy {Text(times)} after the end of ADD");
    }

    private sealed record Round(string Pod, string Wrong, int Add, int First, int Done);

    private static string Text(IEnumerable<int> microseconds)
    {
        int[] all = [.. microseconds.Order()];
        return all.Length == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"p50 {all[all.Length / 2] / 1000.0:F2} ms, p99 {all[all.Length * 99 / 100] / 1000.0:F2} ms, max {all[^1] / 1000.0:F1} ms");
    }

    /// <summary>One program makes one newcomer after the other, each with labels that nobody has seen.</summary>
    private static async Task WorkAsync(PolicyLab lab, Peer open, Peer closed, ConcurrentQueue<int> next, ConcurrentBag<Round> results)
    {
        TestNode node = lab.Nodes[0];
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "waggle-newcomer"), [Path.Combine(AppContext.BaseDirectory, "waggle-cni"), open.Pod!.NetnsPath, open.Ip, closed.Ip])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        start.Environment["WAGGLE_CNI_SOCKET"] = node.CniSocket;
        using Process process = Process.Start(start)!;
        try
        {
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
            while (next.TryDequeue(out int round))
            {
                string pod = $"guest{round}";
                await lab.Cluster.CreatePodAsync(node, pod, ("kind", "guest"), ("run", $"{round}"));
                await process.StandardInput.WriteLineAsync($"{round} {Guid.NewGuid():N} {pod}");
                await process.StandardInput.FlushAsync();
                string line = await process.StandardOutput.ReadLineAsync() ?? "- wrong the program ended";
                results.Add(line.Split(' ') is [_, "ok", var add, var first, var done]
                    ? new Round(pod, "", Number(add), Number(first), Number(done)) : new Round(pod, line[(line.IndexOf("wrong", StringComparison.Ordinal) + 6)..], 0, 0, 0));
                await lab.Client.TryDeleteAsync(KubeTypes.Pods, "default", pod, new DeleteOptions { GracePeriodSeconds = 0 });
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
