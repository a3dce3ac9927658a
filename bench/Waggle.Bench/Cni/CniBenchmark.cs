using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Bench.Agents;
using Waggle.Kube.Client;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Cni;

/// <summary>
/// How long CNI ADD takes, one at a time and many at once, from the start of the plugin's process to its end: Waggle's plugin with
/// a real agent, against Debian's bridge plugin with addresses of host-local. Pods exist in the API, as a kubelet's do.
/// </summary>
public sealed class CniBenchmark : IBenchmark
{
    private const int AtOnce = 20;
    private const int AlonePerRound = 20;
    private const string BridgePlugin = "/usr/lib/cni/bridge";

    public string Name => "cni";

    public string Description => "time of CNI ADD, alone and 20 at a time, against the bridge plugin";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        if (!File.Exists(BridgePlugin))
        {
            throw new InvalidOperationException($"{BridgePlugin} is missing: apt-get install containernetworking-plugins");
        }

        context.Progress.WriteLine("  building: node with an agent, node with a bridge");
        await using var bed = await AgentBed.StartAsync(context.Programs, cancellation).ConfigureAwait(false);
        using var scratch = new ScratchDirectory();
        using var bridged = NetworkNamespace.Create();
        await using (var rtnl = Rtnl.Open(bridged))
        {
            await rtnl.Links.SetLoopbackUpAsync(cancellation).ConfigureAwait(false);
        }

        using var waggle = new Side(new PluginCall("waggle-cni", Path.Combine(context.Programs, "waggle-cni"), bed.Node,
            """{"cniVersion":"1.0.0","name":"cilium","type":"cilium-cni"}""", new Dictionary<string, string> { ["WAGGLE_CNI_SOCKET"] = bed.CniSocket }));
        using var bridge = new Side(new PluginCall("bridge plugin, host-local", BridgePlugin, bridged, BridgeConfiguration(scratch.Path), new Dictionary<string, string>()));
        for (var i = 0; i < AtOnce; i++)
        {
            await CreatePodAsync(bed.Client, i, cancellation).ConfigureAwait(false);
        }

        // The first calls make the identity, the bridge, and the caches of both warm.
        await waggle.TogetherAsync(cancellation).ConfigureAwait(false);
        await bridge.TogetherAsync(cancellation).ConfigureAwait(false);
        for (var round = 0; round < context.Rounds; round++)
        {
            for (var i = 0; i < AlonePerRound; i++)
            {
                await waggle.AloneAsync(i % AtOnce, cancellation).ConfigureAwait(false);
                await bridge.AloneAsync(i % AtOnce, cancellation).ConfigureAwait(false);
            }

            waggle.Crowded.Add(await waggle.TogetherAsync(cancellation).ConfigureAwait(false));
            bridge.Crowded.Add(await bridge.TogetherAsync(cancellation).ConfigureAwait(false));
            context.Progress.WriteLine(FormattableString.Invariant(
                $"  round {round + 1}/{context.Rounds}: alone {waggle.AloneMedian(round):0.0} against {bridge.AloneMedian(round):0.0} ms, {AtOnce} at a time {Of(waggle):0.0} against {Of(bridge):0.0} ms"));
        }

        return
        [
            Compare("CNI ADD, alone: p50", side => [.. Enumerable.Range(0, context.Rounds).Select(side.AloneMedian)], Goal.AtMost(1.5)),
            Compare("CNI ADD, alone: p99", side => [Percentile.Of(side.Lonely, 0.99)], Goal.Stated),
            Compare($"CNI ADD, {AtOnce} at a time: p50", side => [.. side.Crowded.Select(each => Percentile.Of(each, 0.5))], Goal.AtMost(1.5)),
            Compare($"CNI ADD, {AtOnce} at a time: p99", side => [Percentile.Of([.. side.Crowded.SelectMany(each => each)], 0.99)], Goal.Stated),
        ];

        Comparison Compare(string title, Func<Side, IReadOnlyList<double>> figure, Goal goal) => new(
            title, "ms", new Measurement(waggle.Plugin.Name, figure(waggle)), new Measurement(bridge.Plugin.Name, figure(bridge)), goal);

        static double Of(Side side) => Percentile.Of(side.Crowded[^1], 0.5);
    }

    private static string BridgeConfiguration(string directory) => new JsonObject
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "bench",
        ["type"] = "bridge",
        ["bridge"] = "cni0",
        ["isGateway"] = true,
        ["ipam"] = new JsonObject { ["type"] = "host-local", ["subnet"] = "10.88.0.0/16", ["dataDir"] = directory },
    }.ToJsonString();

    private static string PodName(int number) => string.Create(CultureInfo.InvariantCulture, $"pod{number}");

    private static Task CreatePodAsync(KubeClient client, int number, CancellationToken cancellation) => client.CreateAsync(ResourceType.Untyped("", "v1", "pods", "Pod", true), new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = PodName(number), ["namespace"] = "default", ["labels"] = new JsonObject { ["app"] = "bench" } },
        ["spec"] = new JsonObject { ["nodeName"] = AgentBed.NodeName, ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "none" }) },
    }, cancellation: cancellation);

    /// <summary>A plugin, the pods it attaches again and again, and how long that took, in milliseconds.</summary>
    private sealed class Side(PluginCall plugin) : IDisposable
    {
        private readonly NetworkNamespace[] _pods = [.. Enumerable.Range(0, AtOnce).Select(_ => NetworkNamespace.Create())];

        internal PluginCall Plugin => plugin;

        internal List<double> Lonely { get; } = [];

        internal List<IReadOnlyList<double>> Crowded { get; } = [];

        internal double AloneMedian(int round) => Percentile.Of([.. Lonely.Skip(round * AlonePerRound).Take(AlonePerRound)], 0.5);

        internal async Task AloneAsync(int pod, CancellationToken cancellation)
        {
            var container = Container();
            Lonely.Add((await plugin.AddAsync(_pods[pod], container, Arguments(pod), cancellation).ConfigureAwait(false)).TotalMilliseconds);
            await plugin.DeleteAsync(_pods[pod], container, Arguments(pod), cancellation).ConfigureAwait(false);
        }

        internal async Task<IReadOnlyList<double>> TogetherAsync(CancellationToken cancellation)
        {
            string[] containers = [.. _pods.Select(_ => Container())];
            var times = await Task.WhenAll(_pods.Select((pod, i) => Task.Run(() => plugin.AddAsync(pod, containers[i], Arguments(i), cancellation), cancellation))).ConfigureAwait(false);
            await Task.WhenAll(_pods.Select((pod, i) => Task.Run(() => plugin.DeleteAsync(pod, containers[i], Arguments(i), cancellation), cancellation))).ConfigureAwait(false);
            return [.. times.Select(time => time.TotalMilliseconds)];
        }

        public void Dispose()
        {
            foreach (var pod in _pods)
            {
                pod.Dispose();
            }
        }

        private static string Container() => Guid.NewGuid().ToString("N");

        private static string Arguments(int pod) => $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={PodName(pod)}";
    }
}
