using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Bench.Lab;
using Waggle.Bench.Network;
using Waggle.Bench.Paired;
using Waggle.Kube.Client;
using Waggle.Lab.Cluster;

namespace Waggle.Bench.Pods;

/// <summary>
/// What pods of a lab lose by observability (Hubble, flows merged as at aggregation "medium"), which is switched on and off while the
/// same connections go on; and by 500 rules in force at both ends, against pods that no policy selects, in turn.
/// </summary>
/// <remarks>
/// Two samples of one path differ by more than what is looked for, so both variants are compared within tenths of a second
/// (<see cref="SlotPlan"/>), very often, and the report says how sure the ratio is (<see cref="PairedRatio"/>).
/// </remarks>
public sealed class OverheadBenchmark : IBenchmark
{
    private const int Rules = 500;
    private const string Free = "free", Ruled = "ruled";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(90);

    /// <summary>There are more rounds than were asked for while they fit into this.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(240);

    private static readonly (SlotTraffic Traffic, Goal Goal)[] s_figures =
    [
        (new("TCP throughput, one connection", "bytes", "stream"), Goal.AtLeast(0.97)),
        (new("request/response, one connection", "requests", "rr"), Goal.AtLeast(0.97)),
        (new("request/response, 16 connections at once", "requests", "rr", 16), Goal.AtLeast(0.97)),
        (new("UDP datagrams of 64 bytes received", "datagrams", "udp"), Goal.AtLeast(0.97)),
    ];

    /// <summary>What costs most: nearly every packet is a flow of its own.</summary>
    private static readonly SlotTraffic s_connects = new("a new connection for each request", "requests", "connect");

    public string Name => "overhead";

    public string Description => "throughput and request rate of pods with observability, and with 500 policy rules, against without";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        context.Progress.WriteLine("  building: lab with 3 nodes");
        await using var lab = await BenchLab.UpAsync(3, NoProgress.Instance, cancellation).ConfigureAwait(false);
        var free = await PodsAsync(lab, Free, cancellation).ConfigureAwait(false);
        var ruled = await PodsAsync(lab, Ruled, cancellation).ConfigureAwait(false);
        await EnforceAsync(lab, free.Address, cancellation).ConfigureAwait(false);
        var runner = new SlotRunner(lab, context.Programs);
        await ProveSwitchAsync(runner, new LabPath("", lab, $"near-{Free}", free.Address), cancellation).ConfigureAwait(false);
        List<PairedFigure> figures = [];
        foreach (var (place, client) in new[] { ("same node", "near"), ("across nodes", "far") })
        {
            LabPath plain = new("no policy", lab, $"{client}-{Free}", free.Address), policy = new($"{Rules} rules", lab, $"{client}-{Ruled}", ruled.Address);
            foreach (var (traffic, goal) in s_figures.Append((s_connects, Goal.Stated)))
            {
                figures.Add(new PairedFigure($"observability on, {place}", "observability on", "off", traffic, goal, plan => runner.ObserveAsync(plain, traffic, plan, cancellation)));
            }

            foreach (var (traffic, goal) in s_figures)
            {
                figures.Add(new PairedFigure($"{Rules} rules in force, {place}", policy.Name, plain.Name, traffic, goal, plan => runner.CompareAsync(policy, plain, traffic, plan, cancellation)));
            }
        }

        var random = new Random(1);
        var since = Stopwatch.StartNew();
        for (var round = 0; round < context.Rounds || since.Elapsed + (since.Elapsed / round) < s_patience; round++)
        {
            // In turn, and not one after the other: what the machine does for a minute touches a part of each. And all of them as often:
            // one that ended when it could tell would find what it looks for too easily.
            foreach (var figure in figures)
            {
                context.Progress.WriteLine("  " + await figure.SampleAsync(SlotPlan.Create(context.Duration, random)).ConfigureAwait(false));
            }
        }

        return [.. figures.SelectMany(figure => figure.Results())];
    }

    /// <summary>Off must be off, and on must be on: short connections, of which each makes several events.</summary>
    private static async Task ProveSwitchAsync(SlotRunner runner, LabPath path, CancellationToken cancellation)
    {
        const int attempts = 5;
        var plan = SlotPlan.Create(TimeSpan.FromMilliseconds(400), new Random(1));
        for (var attempt = 1; ; attempt++)
        {
            var on = await CountAsync(plan.Always()).ConfigureAwait(false);
            var off = await CountAsync(plan.Always().Complement()).ConfigureAwait(false);
            if (on > 100 && off < on / 20)
            {
                return;
            }

            // A busy machine may hold a switch up for longer than a slot.
            if (attempt == attempts)
            {
                throw new InvalidOperationException($"observability is not switched: {on} events while it was on, {off} while it was off");
            }
        }

        async Task<ulong> CountAsync(SlotPlan wanted)
        {
            var before = runner.Events();
            await runner.ObserveAsync(path, s_connects, wanted, cancellation).ConfigureAwait(false);
            return runner.Events() - before;
        }
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

    private static async Task WaitAsync(string problem, Func<Task<bool>> condition, CancellationToken cancellation)
    {
        for (var since = Stopwatch.StartNew(); !await condition().ConfigureAwait(false); await Task.Delay(200, cancellation).ConfigureAwait(false))
        {
            if (since.Elapsed > s_timeout)
            {
                throw new InvalidOperationException($"{problem} after {s_timeout.TotalSeconds:0} s");
            }
        }
    }
}
