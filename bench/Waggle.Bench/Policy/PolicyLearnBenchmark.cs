using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Bench.Agents;
using Waggle.Bench.Memory;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Bench.Policy;

/// <summary>
/// A live agent with 1,000 policies and 100 endpoints learns a new identity: from the identity object's event in a watch of our own, which is
/// one of the API server's clients like the agent's, until the kernel's maps have the identity's row in the table of every endpoint.
/// </summary>
public sealed class PolicyLearnBenchmark : IBenchmark
{
    private const int Policies = 1000, Endpoints = 100, PerRound = 40, WarmUp = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public string Name => "policylearn";

    public string Description => "a live agent with 1,000 policies and 100 endpoints: from a new identity's event until it is in the kernel's maps";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        List<Comparison> results = [];
        foreach (int identities in (int[])[Endpoints, 20, 1])
        {
            (double[] fromEvent, double[] fromRequest) = await MeasureAsync(context, identities, cancellation).ConfigureAwait(false);
            string what = string.Create(CultureInfo.InvariantCulture, $"one new identity, {Policies:#,0} policies, {Endpoints} endpoints of {identities} identit{(identities == 1 ? "y" : "ies")}");
            context.Progress.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {what}: from its event p50 {At(fromEvent, 50):f1} ms, p99 {At(fromEvent, 99):f1} ms; from the request p50 {At(fromRequest, 50):f1} ms, p99 {At(fromRequest, 99):f1} ms"));
            results.Add(new Comparison($"{what}: from its event until in every table of the kernel, p99", "ms", new Measurement("agent", [At(fromEvent, 99)]), null, Goal.AtMost(20)));
            results.Add(new Comparison($"{what}: the same, p50", "ms", new Measurement("agent", [At(fromEvent, 50)]), null, Goal.Stated));
            results.Add(new Comparison($"{what}: from the request that makes it, p99", "ms", new Measurement("agent", [At(fromRequest, 99)]), null, Goal.Stated));
        }

        return results;
    }

    private static double At(double[] sorted, int percent) => sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];

    private static async Task<(double[] FromEvent, double[] FromRequest)> MeasureAsync(BenchmarkContext context, int identities, CancellationToken cancellation)
    {
        await using var bed = await AgentBed.StartAsync(context.Programs, cancellation).ConfigureAwait(false);
        await AttachAsync(bed, context, identities, cancellation).ConfigureAwait(false);
        await PublishPoliciesAsync(bed, cancellation).ConfigureAwait(false);
        bed.EndOperator();
        uint[] tables = await TablesAsync(bed, identities, cancellation).ConfigureAwait(false);
        using DatapathMaps maps = DatapathMaps.OpenPinned(new DatapathPaths(bed.BpfDirectory), readOnly: true);
        var seen = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var informer = new Informer<JsonObject>(bed.Client, Objects.Identities);
        informer.OnChange(change => seen.TryAdd((string)change.Object["metadata"]!["name"]!, Stopwatch.GetTimestamp()));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task watching = informer.RunAsync(stop.Token);
        await informer.Synced.WaitAsync(cancellation).ConfigureAwait(false);

        List<double> fromEvent = [], fromRequest = [];
        for (int i = 0; i < WarmUp + (PerRound * context.Rounds); i++)
        {
            JsonObject identity = Objects.Identity(i);
            identity["security-labels"]!["k8s:guest"] = "yes";
            string name = (string)identity["metadata"]!["name"]!;
            uint number = uint.Parse(name, CultureInfo.InvariantCulture);
            long asked = Stopwatch.GetTimestamp();
            Task making = bed.Client.CreateAsync(Objects.Identities, identity, cancellation: cancellation);
            foreach (uint table in tables)
            {
                while (!maps.PolicyPeers.TryLookup(new PolicyPeerKey { Table = table, Identity = number }, out _))
                {
                    if (Stopwatch.GetElapsedTime(asked) > Limit)
                    {
                        throw new InvalidOperationException($"identity {number} does not come into table {table}");
                    }

                    await Task.Delay(1, cancellation).ConfigureAwait(false);
                }
            }

            long there = Stopwatch.GetTimestamp();
            await making.ConfigureAwait(false);
            for (var since = Stopwatch.StartNew(); !seen.ContainsKey(name) && since.Elapsed < Limit;)
            {
                await Task.Delay(1, cancellation).ConfigureAwait(false);
            }

            if (i >= WarmUp)
            {
                fromEvent.Add(Math.Max(0, Stopwatch.GetElapsedTime(seen[name], there).TotalMilliseconds));
                fromRequest.Add(Stopwatch.GetElapsedTime(asked, there).TotalMilliseconds);
            }

            await Task.Delay(i % 7 * 10, cancellation).ConfigureAwait(false); // not in step with anything
        }

        await stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await watching.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }

        return ([.. fromEvent.Order()], [.. fromRequest.Order()]);
    }

    /// <summary>Endpoints, through the plugin, whose labels make so many identities.</summary>
    private static async Task AttachAsync(AgentBed bed, BenchmarkContext context, int identities, CancellationToken cancellation)
    {
        var plugin = new PluginCall("waggle-cni", Path.Combine(context.Programs, "waggle-cni"), bed.Node, """{"cniVersion":"1.0.0","name":"cilium","type":"cilium-cni"}""",
            new Dictionary<string, string> { ["WAGGLE_CNI_SOCKET"] = bed.CniSocket });
        ResourceType<JsonObject> pods = ResourceType.Untyped("", "v1", "pods", "Pod", true);
        for (int i = 0; i < Endpoints; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"e{i}");
            await bed.Client.CreateAsync(pods, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["labels"] = new JsonObject { ["app"] = "e", ["slot"] = string.Create(CultureInfo.InvariantCulture, $"s{i % identities}") } },
                ["spec"] = new JsonObject { ["nodeName"] = AgentBed.NodeName, ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "c" }) },
            }, cancellation: cancellation).ConfigureAwait(false);
            await plugin.AddAsync(bed.NewPod(), name, $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={name}", cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>One policy for each slot, so that each identity of endpoints has a table of its own, and many others of other namespaces.</summary>
    private static async Task PublishPoliciesAsync(AgentBed bed, CancellationToken cancellation)
    {
        var cluster = new SyntheticCluster(Policies - Endpoints, 1);
        JsonObject[] all =
        [
            .. Enumerable.Range(0, Endpoints).Select(i => JsonNode.Parse($$$"""
                {"metadata":{"name":"slot{{{i}}}","namespace":"default"},"spec":{"endpointSelector":{"matchLabels":{"slot":"s{{{i}}}"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"guest":"yes"}}],"toPorts":[{"ports":[{"port":"{{{1000 + i}}}","protocol":"TCP"}]}]}]}}
                """)!.AsObject()),
            .. Enumerable.Range(0, Policies - Endpoints).Select(i => JsonNode.Parse(cluster.Text(i, 80))!.AsObject()),
        ];
        foreach (string name in all.Select(p => (string)p["metadata"]!["namespace"]!).Distinct().Where(n => n != "default"))
        {
            await bed.Client.CreateAsync(KubeTypes.Namespaces, new Namespace { Metadata = new ObjectMeta { Name = name } }, cancellation: cancellation).ConfigureAwait(false);
        }

        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation }, async (policy, stop) =>
            await bed.Client.CreateAsync(KubeTypes.CiliumNetworkPolicies, policy, cancellation: stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>The tables of all endpoints, once every policy is in force.</summary>
    private static async Task<uint[]> TablesAsync(AgentBed bed, int identities, CancellationToken cancellation)
    {
        for (var since = Stopwatch.StartNew(); ;)
        {
            JsonArray policies = await bed.RowsAsync("policy-status", cancellation).ConfigureAwait(false);
            JsonArray subjects = await bed.RowsAsync("policy-subjects", cancellation).ConfigureAwait(false);
            uint[] tables = [.. subjects.Where(s => (bool)s!["ingress"]!).Select(s => (uint)s!["ingressTable"]!).Distinct()];
            if (policies.Count == Policies && policies.All(p => (long)p!["revision"]! > 0) && tables.Length == identities)
            {
                return tables;
            }

            if (since.Elapsed > Limit)
            {
                throw new InvalidOperationException($"{policies.Count} policies and {tables.Length} tables after {Limit.TotalSeconds:0} s, not {Policies} and {identities}");
            }

            await Task.Delay(100, cancellation).ConfigureAwait(false);
        }
    }
}
