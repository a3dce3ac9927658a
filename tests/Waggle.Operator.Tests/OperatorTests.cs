using System.Net;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Operator.Tests;

/// <summary>A running operator against the embedded API server.</summary>
public sealed class OperatorTests : IAsyncLifetime
{
    private static readonly ResourceType<JsonObject> Nodes = ResourceType.Untyped("", "v1", "nodes", "Node", false), Pods = ResourceType.Untyped("", "v1", "pods", "Pod", true);
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task<int>> _operators = [];
    private ClusterPki _pki = null!;
    private ApiServerHost _api = null!;
    private KubeClient _client = null!;

    private string Kubeconfig => Path.Combine(_directory, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        _pki = ClusterPki.LoadOrCreate(Path.Combine(_directory, "pki"), []);
        _api = await ApiServerHost.StartAsync(new ApiServerOptions { DataDirectory = Path.Combine(_directory, "api"), Pki = _pki, Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] });
        _pki.WriteKubeconfig(Kubeconfig, "test", $"https://127.0.0.1:{_api.Addresses[0].Port}", _pki.IssueAdmin());
        _client = new KubeClient(KubeConfig.FromFile(Kubeconfig));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_operators);
        _client.Dispose();
        await _api.DisposeAsync();
        _pki.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task NodeIpam_PoolOfTwo_ThirdNodeIsToldWhyAndServedLater()
    {
        Start(("cluster-pool-ipv4-cidr", "10.0.0.0/23"), ("nodes-gc-interval", "1s"), ("cilium-endpoint-gc-interval", "1s"));
        foreach (string name in new[] { "n1", "n2", "n3" })
        {
            await NodeAsync(name);
            await UntilAsync(() => CreateNodeAsync(name));
        }

        CiliumNode[] all = await UntilAsync(async () =>
        {
            CiliumNode[] nodes = [.. (await _client.ListAsync(KubeTypes.CiliumNodes)).Items];
            return nodes.Count(n => n.Spec.Ipam?.PodCidrs.Count == 1) == 2 && nodes.Any(n => n.Status?.Ipam?.OperatorStatus?.Error is { Length: > 0 }) ? nodes : null;
        });
        CiliumNode without = Assert.Single(all, n => n.Spec.Ipam is not { PodCidrs.Count: > 0 });
        Assert.Contains("cluster-pool-ipv4-cidr", without.Status!.Ipam!.OperatorStatus!.Error);
        Assert.Equal(2, all.Where(n => n != without).Select(n => n.Spec.Ipam!.PodCidrs[0]).Distinct().Count());
        await UntilAsync(async () => (await _client.ListAsync(KubeTypes.Events, "default")).Items.FirstOrDefault(e => e.Reason == "PodCIDRsExhausted"));

        // A node that goes gives its prefix back.
        string gone = all.First(n => n != without).Metadata.Name!;
        await _client.DeleteAsync(KubeTypes.Nodes, null, gone);
        await UntilAsync(async () => await _client.TryGetAsync(KubeTypes.CiliumNodes, null, gone) is null ? "gone" : null);
        CiliumNode served = await UntilAsync(async () => await _client.GetAsync(KubeTypes.CiliumNodes, null, without.Metadata.Name!) is { Spec.Ipam.PodCidrs.Count: 1 } n && string.IsNullOrEmpty(n.Status?.Ipam?.OperatorStatus?.Error) ? n : null);
        Assert.Equal(all.First(n => n.Metadata.Name == gone).Spec.Ipam!.PodCidrs, served.Spec.Ipam!.PodCidrs);
    }

    [Fact]
    public async Task Taint_AgentBecomesReady_IsRemovedAndOthersStay()
    {
        Start();
        await _client.CreateAsync(Nodes, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "n1" },
            ["spec"] = new JsonObject { ["taints"] = new JsonArray(Taint("node.cilium.io/agent-not-ready"), Taint("mine")) },
        });
        await _client.CreateAsync(Pods, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "cilium-x", ["namespace"] = "kube-system", ["labels"] = new JsonObject { ["k8s-app"] = "cilium" } },
            ["spec"] = new JsonObject { ["nodeName"] = "n1", ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" }) },
        });
        await UntilAsync(() => _client.TryGetAsync(KubeTypes.CustomResourceDefinitions, null, "multicastnodes.waggle.io"));
        Assert.Equal(2, (await _client.GetAsync(KubeTypes.Nodes, null, "n1")).Spec.Taints.Count);
        var ready = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }) } };
        await _client.PatchAsync(Pods, "kube-system", "cilium-x", KubePatch.Merge(ready), subresource: "status");
        Node node = await UntilAsync(async () => await _client.GetAsync(KubeTypes.Nodes, null, "n1") is { Spec.Taints.Count: 1 } n ? n : null);
        Assert.Equal("mine", node.Spec.Taints[0].Key);

        static JsonObject Taint(string key) => new() { ["key"] = key, ["effect"] = "NoSchedule" };
    }

    [Fact]
    public async Task Identity_Unused_IsRemovedAndUsedOnesStay()
    {
        Start(("identity-gc-interval", "1s"), ("identity-heartbeat-timeout", "1s"));
        await UntilAsync(() => _client.TryGetAsync(KubeTypes.CustomResourceDefinitions, null, "multicastnodes.waggle.io"));
        foreach (string id in new[] { "300", "301" })
        {
            await UntilAsync(async () => await TryAsync(() => _client.CreateAsync(KubeTypes.CiliumIdentities, new CiliumIdentity { Metadata = new ObjectMeta { Name = id }, SecurityLabels = new Dictionary<string, string> { ["k8s:a"] = id } })));
        }

        await _client.CreateAsync(Pods, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = "default" }, ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" }) },
        });
        await _client.CreateAsync(KubeTypes.CiliumEndpoints, new CiliumEndpoint { Metadata = new ObjectMeta { Namespace = "default", Name = "p" } });
        var status = new JsonObject { ["status"] = new JsonObject { ["identity"] = new JsonObject { ["id"] = 301 } } };
        await _client.PatchAsync(KubeTypes.CiliumEndpoints, "default", "p", KubePatch.Merge(status), subresource: "status");
        await UntilAsync(async () => await _client.TryGetAsync(KubeTypes.CiliumIdentities, null, "300") is null ? "gone" : null);
        Assert.NotNull(await _client.TryGetAsync(KubeTypes.CiliumIdentities, null, "301"));
    }

    [Fact]
    public async Task Groups_SameInTwoResources_BothSaySo()
    {
        Start();
        foreach (string name in new[] { "a", "b" })
        {
            await UntilAsync(async () => await TryAsync(() => _client.CreateAsync(
                KubeTypes.IsovalentMulticastGroups,
                new IsovalentMulticastGroup { Metadata = new ObjectMeta { Namespace = "default", Name = name }, Spec = new IsovalentMulticastGroupSpec { GroupAddrs = ["225.0.0.11"] } })));
        }

        foreach ((string name, string other) in new[] { ("a", "default/b"), ("b", "default/a") })
        {
            Condition conflict = await UntilAsync(async () => (await _client.GetAsync(KubeTypes.IsovalentMulticastGroups, "default", name)).Status?.Conditions.FirstOrDefault(c => c.Type == "Conflict" && c.Status == "True"));
            Assert.Contains(other, conflict.Message);
        }
    }

    private void Start(params (string Key, string Value)[] config)
    {
        string directory = Path.Combine(_directory, "config");
        Directory.CreateDirectory(directory);
        foreach ((string key, string value) in config.Append(("operator-prometheus-serve-addr", "")))
        {
            File.WriteAllText(Path.Combine(directory, key), value);
        }

        _operators.Add(OperatorHost.RunAsync(new OperatorArguments { ConfigDirectory = directory, Kubeconfig = Kubeconfig, Namespace = "kube-system", HealthAddress = "" }, _stop.Token));
    }

    private Task NodeAsync(string name) => _client.CreateAsync(Nodes, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });

    private Task<CiliumNode?> CreateNodeAsync(string name) => TryAsync(() => _client.CreateAsync(KubeTypes.CiliumNodes, new CiliumNode { Metadata = new ObjectMeta { Name = name }, Spec = new CiliumNodeSpec { Addresses = [new CiliumNodeAddress { Type = "InternalIP", Ip = "172.18.0.9" }] } }));

    /// <summary>Null while the resource type is not installed yet.</summary>
    private static async Task<T?> TryAsync<T>(Func<Task<T>> create)
        where T : class
    {
        try
        {
            return await create();
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }
}
