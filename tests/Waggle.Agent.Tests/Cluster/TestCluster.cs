using System.Net;
using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using Waggle.Linux;
using Waggle.Netlink;
using Waggle.Operator;
using Waggle.Tests.Shared;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>Nodes with real agents, an operator and the embedded API server, in namespaces of their own.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TestNode> _nodes = [];
    private readonly DropCheck _drops = new();
    private Sandbox? _underlay;
    private ApiServerHost? _api;
    private ClusterPki? _pki;
    private Task<int>? _operator;

    public KubeClient Client { get; private set; } = null!;

    public IReadOnlyList<TestNode> Nodes => _nodes;

    public string Kubeconfig => Path.Combine(_directory, "inside.conf");

    public static async Task<TestCluster> StartAsync(int nodes, params (string Key, string Value)[] config)
    {
        var cluster = new TestCluster();
        if (config.Contains(("multicast-enabled", "true")))
        {
            cluster.Expect(DropReason.MulticastUnconfigured); // a group comes to a node some time after it is made, and pods may ask for it before
        }

        try
        {
            await cluster.BringUpAsync(nodes, config.ToDictionary(c => c.Key, c => c.Value));
            return cluster;
        }
        catch
        {
            await cluster.TearDownAsync();
            throw;
        }
    }

    /// <summary>Drops for these reasons belong to the test; any other fails it (<see cref="DropCheck"/>).</summary>
    public void Expect(params DropReason[] reasons) => _drops.Expect(reasons);

    public async ValueTask DisposeAsync()
    {
        string[] drops = [.. _nodes.Where(n => n.WasReady).SelectMany(Unexpected)];
        await TearDownAsync();
        DropCheck.Report(drops);
    }

    private IReadOnlyList<string> Unexpected(TestNode node)
    {
        if (!Directory.Exists(node.BpfFromOutside))
        {
            return []; // the run was broken off, and the node is gone
        }

        using DatapathMaps maps = node.OpenMaps();
        return _drops.Unexpected(node.Name, maps);
    }

    private async Task TearDownAsync()
    {
        await _stop.CancelAsync();
        foreach (TestNode node in _nodes)
        {
            node.Dispose();
        }

        if (_operator is not null)
        {
            await _operator;
        }

        if (_api is not null)
        {
            await _api.DisposeAsync();
        }

        _pki?.Dispose();
        Client?.Dispose();
        _underlay?.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The network between the nodes: a bridge, whose port <c>nI</c> is node number I.</summary>
    public NetworkNamespace Underlay => _underlay!.Network;

    /// <summary>Runs a program outside the cluster, at 172.18.0.1 and fc00:f853:ccd:e793::1.</summary>
    public System.Diagnostics.Process StartOutside(string program, params string[] arguments) => _underlay!.Start(program, arguments);

    /// <summary>Creates a pod in the API, bound to a node, without running anything.</summary>
    public Task<Pod> CreatePodAsync(TestNode node, string name, params (string Key, string Value)[] labels) => CreatePodAsync(node, "default", name, labels);

    /// <summary>Creates a pod in the API, bound to a node, without running anything.</summary>
    public async Task<Pod> CreatePodAsync(TestNode node, string @namespace, string name, (string Key, string Value)[] labels, params (string Name, int Port, string Protocol)[] ports)
    {
        var named = new JsonArray([.. ports.Select(p => (JsonNode)new JsonObject { ["name"] = p.Name, ["containerPort"] = p.Port, ["protocol"] = p.Protocol })]);
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = @namespace, ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))) },
            ["spec"] = new JsonObject { ["nodeName"] = node.Name, ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "busybox", ["ports"] = named }) },
        };
        ResourceType<JsonObject> type = ResourceType.Untyped("", "v1", "pods", "Pod", true);
        await Client.CreateAsync(type, pod);
        return await Client.GetAsync(KubeTypes.Pods, @namespace, name);
    }

    private async Task BringUpAsync(int nodes, Dictionary<string, string> config)
    {
        _underlay = await Sandbox.StartAsync("ip link set lo up && ip link add br0 type bridge && ip addr add 172.18.0.1/16 dev br0 && ip -6 addr add fc00:f853:ccd:e793::1/64 dev br0 nodad && ip link set br0 up");
        _pki = ClusterPki.LoadOrCreate(Path.Combine(_directory, "pki"), ["172.18.0.1"]);
        var inside = _underlay.Network.ListenDescriptor(new IPEndPoint(IPAddress.Parse("172.18.0.1"), 6443));
        _api = await ApiServerHost.StartAsync(new ApiServerOptions
        {
            DataDirectory = Path.Combine(_directory, "api"), Pki = _pki,
            Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0)), new ApiEndpoint.Listening(inside)],
        });
        ClientCredential admin = _pki.IssueAdmin();
        string outside = Path.Combine(_directory, "outside.conf");
        _pki.WriteKubeconfig(outside, "test", $"https://127.0.0.1:{_api.Addresses[0].Port}", admin);
        _pki.WriteKubeconfig(Kubeconfig, "test", "https://172.18.0.1:6443", admin);
        Client = new KubeClient(KubeConfig.FromFile(outside));

        string configDirectory = Path.Combine(_directory, "config");
        Directory.CreateDirectory(configDirectory);
        var all = new Dictionary<string, string> { ["enable-ipv6"] = "false", ["operator-prometheus-serve-addr"] = "" };
        foreach ((string key, string value) in config)
        {
            all[key] = value;
        }

        await Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new ObjectMeta { Namespace = "kube-system", Name = "cilium-config" }, Data = all });
        foreach ((string key, string value) in all)
        {
            await File.WriteAllTextAsync(Path.Combine(configDirectory, key), value);
        }

        _operator = OperatorHost.RunAsync(new OperatorArguments { ConfigDirectory = configDirectory, Kubeconfig = outside, Namespace = "kube-system", HealthAddress = "" }, _stop.Token);
        for (int i = 0; i < nodes; i++)
        {
            TestNode node = await TestNode.CreateAsync(this, _underlay, configDirectory, i, Path.Combine(_directory, $"n{i}"));
            _nodes.Add(node);
            node.StartAgent();
        }

        foreach (TestNode node in _nodes)
        {
            await node.WaitReadyAsync();
        }
    }
}
