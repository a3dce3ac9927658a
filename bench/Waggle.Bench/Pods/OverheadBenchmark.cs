using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Bench.Lab;
using Waggle.Bench.Network;
using Waggle.Kube.Client;
using Waggle.Lab.Cluster;

namespace Waggle.Bench.Pods;

/// <summary>
/// What pods of a lab lose by 500 rules in force at both ends, against pods that no policy selects; and by observability (Hubble, flows
/// merged as at aggregation "medium"), against a lab without.
/// </summary>
public sealed class OverheadBenchmark : IBenchmark
{
    private const int Rules = 500;

    /// <summary>What is compared differs by less than two samples of the same path do.</summary>
    private const int SamplesPerRound = 3;
    private const string Free = "free", Ruled = "ruled";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(90);

    private static readonly (string Text, string Unit, Goal Goal, Func<ITrafficPath, TimeSpan, CancellationToken, Task<double>> Run)[] s_figures =
    [
        ("TCP throughput, one connection", "bytes/s", Goal.AtLeast(0.97), TrafficFigures.ThroughputAsync),
        ("request/response, 16 connections at once", "1/s", Goal.AtLeast(0.97), TrafficFigures.ManyRequestsAsync),
        ("CPU per request/response, both ends on one CPU", "ns", Goal.Stated, TrafficFigures.RequestCostAsync),
        ("CPU per UDP datagram of 64 bytes", "ns", Goal.Stated, TrafficFigures.DatagramCostAsync),
    ];

    public string Name => "overhead";

    public string Description => "throughput and request rate of pods with 500 policy rules, and with observability, against without";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        context.Progress.WriteLine("  building: two labs with 3 nodes");
        await using var lab = await BenchLab.UpAsync(3, NoProgress.Instance, cancellation).ConfigureAwait(false);
        await using var blind = await BenchLab.UpAsync(3, NoProgress.Instance, cancellation, 1).ConfigureAwait(false);
        await SwitchHubbleOffAsync(blind, cancellation).ConfigureAwait(false);
        var free = await PodsAsync(lab, Free, cancellation).ConfigureAwait(false);
        var ruled = await PodsAsync(lab, Ruled, cancellation).ConfigureAwait(false);
        var unseen = await PodsAsync(blind, Free, cancellation).ConfigureAwait(false);
        await EnforceAsync(lab, free.Address, cancellation).ConfigureAwait(false);
        (string Place, ITrafficPath Free, ITrafficPath Ruled, ITrafficPath Unseen)[] places =
        [
            ("same node", Path(lab, free, "near", "no policy"), Path(lab, ruled, "near", "500 rules"), Path(blind, unseen, "near", "observability off")),
            ("across nodes", Path(lab, free, "far", "no policy"), Path(lab, ruled, "far", "500 rules"), Path(blind, unseen, "far", "observability off")),
        ];

        List<Comparison> results = [];
        foreach (var (text, unit, goal, run) in s_figures)
        {
            foreach (var (place, plain, policy, off) in places)
            {
                var samples = new[] { plain, policy, off }.ToDictionary(path => path, _ => new List<double>());
                for (var sample = 0; sample < context.Rounds * SamplesPerRound; sample++)
                {
                    foreach (var (path, list) in samples)
                    {
                        list.Add(await run(path, context.Duration / 2, cancellation).ConfigureAwait(false));
                    }

                    context.Progress.WriteLine($"  {place}, {text}: " + string.Join(", ", samples.Select(each => FormattableString.Invariant($"{each.Key.Name} {each.Value[^1]:g5}"))));
                }

                results.Add(new Comparison($"{Rules} rules in force, {place}: {text}", unit, new Measurement(policy.Name, samples[policy]), new Measurement(plain.Name, samples[plain]), goal));
                results.Add(new Comparison($"observability on, {place}: {text}", unit, new Measurement("observability on", samples[plain]), new Measurement(off.Name, samples[off]), goal));
            }
        }

        return results;
    }

    /// <summary>A policy as people write them: for both directions, one rule for each of 500 ports, among them the server's.</summary>
    internal static JsonObject Policy()
    {
        JsonArray RulesOf(string peers) => [.. Enumerable.Range(0, Rules).Select(i => (JsonNode)new JsonObject
        {
            [peers] = new JsonArray(new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Ruled } }),
            ["toPorts"] = new JsonArray(new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = (int.Parse(TrafficFigures.Port, CultureInfo.InvariantCulture) - (2 * i)).ToString(CultureInfo.InvariantCulture), ["protocol"] = "ANY" }) }),
        })];
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "many-rules", ["namespace"] = BenchLab.Namespace },
            ["spec"] = new JsonObject
            {
                ["endpointSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Ruled } },
                ["ingress"] = RulesOf("fromEndpoints"),
                ["egress"] = RulesOf("toEndpoints"),
            },
        };
    }

    private static LabPath Path(BenchLab lab, (string App, string Address) pods, string client, string name) => new(name, lab, $"{client}-{pods.App}", pods.Address);

    private static async Task<(string App, string Address)> PodsAsync(BenchLab lab, string app, CancellationToken cancellation)
    {
        var address = await lab.RunPodAsync($"server-{app}", lab.Node(1), [LabPath.Program, "serve", "$(POD_IP)", TrafficFigures.Port], cancellation, app).ConfigureAwait(false);
        await lab.RunPodAsync($"near-{app}", lab.Node(1), ["sleep", "infinity"], cancellation, app).ConfigureAwait(false);
        await lab.RunPodAsync($"far-{app}", lab.Node(2), ["sleep", "infinity"], cancellation, app).ConfigureAwait(false);
        return (app, address);
    }

    /// <summary>Applies the policy and waits until it refuses what it must refuse, on both nodes.</summary>
    private static async Task EnforceAsync(BenchLab lab, string refused, CancellationToken cancellation)
    {
        await lab.Client.CreateAsync(ResourceType.Untyped("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy", true), Policy(), cancellation: cancellation).ConfigureAwait(false);
        foreach (var client in new[] { "near-ruled", "far-ruled" })
        {
            await WaitAsync($"the policy of {client} is not enforced", async () =>
                await lab.ExecAsync(client, ["bash", "-c", $"timeout 1 bash -c '</dev/tcp/{refused}/{TrafficFigures.Port}' && echo open || echo closed"], cancellation).ConfigureAwait(false) == "closed\n", cancellation).ConfigureAwait(false);
        }
    }

    private static async Task SwitchHubbleOffAsync(BenchLab lab, CancellationToken cancellation)
    {
        var patch = new JsonObject { ["data"] = new JsonObject { ["enable-hubble"] = "false" } };
        await lab.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
        List<string> before = [];
        foreach (var pod in (await lab.Client.ListAsync(KubeTypes.Pods, "kube-system", cancellation: cancellation).ConfigureAwait(false)).Items.Where(IsAgent))
        {
            before.Add(pod.Metadata.Uid!);
            await lab.Client.DeleteAsync(KubeTypes.Pods, "kube-system", pod.Metadata.Name!, cancellation: cancellation).ConfigureAwait(false);
        }

        await WaitAsync("the agents are not Ready again", async () =>
        {
            var agents = (await lab.Client.ListAsync(KubeTypes.Pods, "kube-system", cancellation: cancellation).ConfigureAwait(false)).Items.Where(IsAgent).ToList();
            return agents.Count == before.Count && agents.All(pod => !before.Contains(pod.Metadata.Uid!) && pod.Status?.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" }) == true);
        }, cancellation).ConfigureAwait(false);

        static bool IsAgent(Kube.Resources.Pod pod) => pod.Metadata.Labels.GetValueOrDefault("k8s-app") == "cilium";
    }

    private static async Task WaitAsync(string problem, Func<Task<bool>> condition, CancellationToken cancellation)
    {
        for (var since = System.Diagnostics.Stopwatch.StartNew(); !await condition().ConfigureAwait(false); await Task.Delay(200, cancellation).ConfigureAwait(false))
        {
            if (since.Elapsed > s_timeout)
            {
                throw new InvalidOperationException($"{problem} after {s_timeout.TotalSeconds:0} s");
            }
        }
    }
}
