using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Datapath.Abi;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Tests.Shared;

namespace Waggle.Agent.Tests.Policy;

/// <summary>A pod, node or outside address that can be probed, and that probes others if it has a prober.</summary>
internal sealed record Peer(string Name, string Ip, string Ip6, Prober? Prober, TestPod? Pod = null);

/// <summary>One cell of a truth table.</summary>
internal sealed record Cell(Peer From, Peer To, string Protocol, int Port, bool V6)
{
    public override string ToString() => $"{From.Name} -> {To.Name} {Protocol}/{Port} {(V6 ? "IPv6" : "IPv4")}";
}

/// <summary>Nodes with agents, pods that probe each other, and policies.</summary>
internal sealed class PolicyLab : IAsyncDisposable
{
    public static readonly string[] Ports = ["tcp:80", "tcp:8080", "udp:53", "udp:8080"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Deny = TimeSpan.FromMilliseconds(1500), Allow = TimeSpan.FromSeconds(20);
    private readonly List<Peer> _peers = [];

    private PolicyLab(TestCluster cluster) => Cluster = cluster;

    public TestCluster Cluster { get; }

    /// <summary>As <see cref="TestCluster.Expect"/>.</summary>
    public void Expect(params DropReason[] reasons) => Cluster.Expect(reasons);

    public KubeClient Client => Cluster.Client;

    public IReadOnlyList<TestNode> Nodes => Cluster.Nodes;

    public IReadOnlyList<Peer> Peers => _peers;

    public static async Task<PolicyLab> StartAsync(int nodes, params (string Key, string Value)[] config)
    {
        var lab = new PolicyLab(await TestCluster.StartAsync(nodes, [.. config]));
        // What these labs are for (the tests say which packets), and packets to a pod of which its own node does not know yet, or not any more.
        lab.Expect(DropReason.PolicyDenied, DropReason.PolicyDeny, DropReason.Unroutable);
        return lab;
    }

    public Peer this[string name] => _peers.Single(p => p.Name == name);

    public async Task<Peer> AddPodAsync(int node, string @namespace, string name, (string Key, string Value)[] labels, params (string Name, int Port, string Protocol)[] ports)
    {
        TestPod pod = await Nodes[node].AddPodAsync(@namespace, name, labels, ports);
        var peer = new Peer(name, pod.Ip, pod.Ip6, await Prober.StartAsync(pod.Start, Ports), pod);
        lock (_peers)
        {
            _peers.Add(peer);
        }

        return peer;
    }

    /// <summary>A pod in which nothing runs.</summary>
    public async Task<Peer> AddIdlePodAsync(int node, string @namespace, string name, params (string Key, string Value)[] labels)
    {
        TestPod pod = await Nodes[node].AddPodAsync(@namespace, name, labels);
        var peer = new Peer(name, pod.Ip, pod.Ip6, null, pod);
        _peers.Add(peer);
        return peer;
    }

    public async Task<Peer> AddNodeAsync(int node)
    {
        var peer = new Peer(Nodes[node].Name, Nodes[node].Address, Nodes[node].Address6, await Prober.StartAsync(Nodes[node].Start, Ports));
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Somebody who is not of the cluster.</summary>
    public async Task<Peer> AddOutsideAsync()
    {
        var peer = new Peer("outside", "172.18.0.1", "fc00:f853:ccd:e793::1", await Prober.StartAsync(Cluster.StartOutside, Ports));
        _peers.Add(peer);
        return peer;
    }

    public async Task RemovePodAsync(Peer peer)
    {
        peer.Prober!.Dispose();
        await peer.Pod!.CniAsync("DEL");
        await Client.TryDeleteAsync(KubeTypes.Pods, peer.Pod.Namespace, peer.Name, new DeleteOptions { GracePeriodSeconds = 0 });
        _peers.Remove(peer);
    }

    public async Task NamespaceAsync(string name, params (string Key, string Value)[] labels)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))) } };
        if (await Client.TryGetAsync(KubeTypes.Namespaces, null, name) is null)
        {
            await Client.CreateAsync(KubeTypes.Namespaces, new Namespace { Metadata = new ObjectMeta { Name = name, Labels = labels.ToDictionary(l => l.Key, l => l.Value) } });
        }
        else
        {
            await Client.PatchAsync(KubeTypes.Namespaces, null, name, KubePatch.Merge(patch));
        }
    }

    public Task LabelAsync(Peer pod, string key, string? value) => Client.PatchAsync(
        KubeTypes.Pods, pod.Pod!.Namespace, pod.Name, KubePatch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [key] = value } } }));

    /// <summary>Creates or replaces objects and waits until every node enforces them.</summary>
    public async Task ApplyAsync(string yaml, bool wait = true)
    {
        foreach (JsonObject document in KubeYaml.ReadAll(new StringReader(yaml)))
        {
            ResourceType<JsonObject> type = TypeOf(document);
            string? @namespace = type.Namespaced ? (string?)document["metadata"]!["namespace"] ?? "default" : null;
            document["metadata"]!["namespace"] = @namespace;
            string name = (string)document["metadata"]!["name"]!;
            JsonObject stored = await UntilAsync($"{type.Kind} is served", async () =>
            {
                try
                {
                    JsonObject? present = await Client.TryGetAsync(type, @namespace, name);
                    if (present is null)
                    {
                        return await Client.CreateAsync(type, document.DeepClone().AsObject());
                    }

                    JsonObject next = document.DeepClone().AsObject();
                    next["metadata"]!["resourceVersion"] = (string?)present["metadata"]!["resourceVersion"];
                    return await Client.UpdateAsync(type, next);
                }
                catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
                {
                    return null;
                }
            });
            if (wait && type.Kind.EndsWith("Policy", StringComparison.Ordinal))
            {
                await WaitAsync($"{type.Kind} {(@namespace is null ? name : $"{@namespace}/{name}")}", (long)stored["metadata"]!["generation"]!);
            }
        }
    }

    /// <summary>Deletes objects of a manifest and waits until no node enforces them.</summary>
    public async Task DeleteAsync(string yaml)
    {
        foreach (JsonObject document in KubeYaml.ReadAll(new StringReader(yaml)))
        {
            ResourceType<JsonObject> type = TypeOf(document);
            string? @namespace = type.Namespaced ? (string?)document["metadata"]!["namespace"] ?? "default" : null;
            string name = (string)document["metadata"]!["name"]!;
            await Client.TryDeleteAsync(type, @namespace, name);
            if (type.Kind.EndsWith("Policy", StringComparison.Ordinal))
            {
                await WaitAsync($"{type.Kind} {(@namespace is null ? name : $"{@namespace}/{name}")}", null);
            }
        }
    }

    /// <summary>Waits until every node knows every pod under the identity that its own node gives it.</summary>
    public async Task WaitIdentitiesAsync()
    {
        foreach (Peer peer in _peers.Where(p => p.Pod is not null).ToArray())
        {
            await UntilAsync($"every node knows {peer.Name}", async () =>
            {
                JsonNode? own = (await peer.Pod!.Node.TryGetAsync("/v1/tables/endpoints"))?["rows"]!.AsArray().FirstOrDefault(r => (string?)r!["pod"] == peer.Name && (string?)r["namespace"] == peer.Pod.Namespace);
                foreach (TestNode node in Nodes)
                {
                    JsonArray? rows = (await node.TryGetAsync("/v1/tables/ipcache"))?["rows"]!.AsArray();
                    if (own is null || rows?.Any(r => ((string?)r!["Prefix"] ?? (string?)r["prefix"]) == $"{peer.Ip}/32" && Text(r, "identity") == Text(own, "identity")) != true)
                    {
                        return null;
                    }
                }

                return "known";
            });
        }
    }

    /// <summary>The identity number that a pod's own node gives it.</summary>
    public async Task<string> IdentityAsync(Peer peer) =>
        Text((await peer.Pod!.Node.GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray().Single(r => (string?)r!["pod"] == peer.Name && (string?)r["namespace"] == peer.Pod.Namespace)!, "identity");

    /// <summary>Changes a key of the cluster's configuration.</summary>
    public Task SetAsync(string key, string value) =>
        Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { [key] = value } }));

    /// <summary>Waits until exactly the allowed cells pass.</summary>
    public async Task EventuallyAsync(string when, IReadOnlyCollection<Cell> cells, Func<Cell, bool> allowed, Func<bool>? also = null)
    {
        for (long started = Stopwatch.GetTimestamp(); !(also?.Invoke() ?? true) || (await CheckAsync(cells, allowed)).Count > 0;)
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                await ExpectAsync(when, cells, allowed);
                Assert.True(also?.Invoke() ?? true, $"{when}\n{Nodes[0].Log}");
                return;
            }
        }
    }

    /// <summary>Probes all cells at once; those that pass and should not, and the other way round.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(IReadOnlyCollection<Cell> cells, Func<Cell, bool> allowed)
    {
        var wrong = new List<string>();
        await Task.WhenAll(cells.Select(async cell =>
        {
            bool expected = allowed(cell);
            string got = await cell.From.Prober!.TryAsync(cell.Protocol, cell.V6 ? cell.To.Ip6 : cell.To.Ip, cell.Port, expected ? Allow : Deny);
            if (expected != (got == "ok"))
            {
                lock (wrong)
                {
                    wrong.Add($"{cell}: {got}, should {(expected ? "pass" : "not")}");
                }
            }
        }));
        wrong.Sort(StringComparer.Ordinal);
        return wrong;
    }

    /// <summary>Asserts that exactly the allowed cells pass.</summary>
    public async Task ExpectAsync(string when, IReadOnlyCollection<Cell> cells, Func<Cell, bool> allowed)
    {
        IReadOnlyList<string> wrong = await CheckAsync(cells, allowed);
        Assert.True(wrong.Count == 0, $"{when}: {wrong.Count} of {cells.Count} cells\n{string.Join('\n', wrong.Take(20))}\n{string.Join('\n', Nodes.Select(n => n.Log))}");
    }

    public static Task<T> UntilAsync<T>(string what, Func<Task<T?>> look)
        where T : class => Eventually.UntilAsync(look, what);

    public async ValueTask DisposeAsync()
    {
        foreach (Peer peer in _peers)
        {
            peer.Prober?.Dispose();
        }

        await Cluster.DisposeAsync();
    }

    private Task WaitAsync(string policy, long? generation) => UntilAsync($"{policy} generation {generation} on every node", async () =>
    {
        foreach (TestNode node in Nodes)
        {
            JsonArray? rows = (await node.TryGetAsync("/v1/tables/policy-status"))?["rows"]!.AsArray();
            JsonNode? row = rows?.FirstOrDefault(r => (string?)r!["policy"] == policy);
            if (rows is null || (generation is null ? row is not null : row is null || (long)row["generation"]! != generation || ((long)row["revision"]! == 0 && ((string?)row["problem"])?.Length == 0)))
            {
                return null;
            }
        }

        return "done";
    });

    /// <summary>A field of a table's row, whichever way its name is spelt.</summary>
    public static string Text(JsonNode row, string name) => (row[name] ?? row[char.ToUpperInvariant(name[0]) + name[1..]])!.ToString();

    private static ResourceType<JsonObject> TypeOf(JsonObject document) => (string?)document["kind"] switch
    {
        "NetworkPolicy" => KubeTypes.NetworkPolicies,
        "CiliumNetworkPolicy" => KubeTypes.CiliumNetworkPolicies,
        "CiliumClusterwideNetworkPolicy" => KubeTypes.CiliumClusterwideNetworkPolicies,
        "CiliumCIDRGroup" => KubeTypes.CiliumCidrGroups,
        "Service" => KubeTypes.Services,
        "EndpointSlice" => KubeTypes.EndpointSlices,
        string kind => throw new ArgumentException($"no type for {kind}"),
        _ => throw new ArgumentException("no kind"),
    };
}
