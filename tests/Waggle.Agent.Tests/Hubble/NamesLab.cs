using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Agent.Tests.Policy;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>Tests of names, one after the other on one cluster.</summary>
[CollectionDefinition(nameof(NamesLab))]
public sealed class NamesLabTests : ICollectionFixture<NamesLab>;

/// <summary>Two nodes with few addresses for pods, pods that listen, and a reader of each node's flows.</summary>
public sealed class NamesLab : IAsyncLifetime
{
    private readonly ConcurrentBag<Socket> _sockets = [];
    private PolicyLab _lab = null!;

    internal PolicyLab Policies => _lab;

    internal IReadOnlyList<TestNode> Nodes => _lab.Nodes;

    internal IReadOnlyList<FlowFollower> Followers { get; private set; } = [];

    internal KubeClient Client => _lab.Client;

    public async ValueTask InitializeAsync()
    {
        _lab = await PolicyLab.StartAsync(
            2, ("enable-ipv6", "true"), ("enable-hubble", "true"), ("hubble-event-buffer-capacity", "131071"), ("monitor-aggregation", "none"), ("cluster-pool-ipv4-mask-size", "28"), ("cluster-pool-ipv6-mask-size", "124"),
            ("hubble-metrics-server", ":9965"), ("hubble-metrics", "flow:sourceContext=workload-name;destinationContext=workload;labelsContext=source_workload_kind,destination_app"));
        Followers = [await FlowFollower.StartAsync(Nodes[0]), await FlowFollower.StartAsync(Nodes[1])];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        foreach (FlowFollower follower in Followers)
        {
            await follower.DisposeAsync();
        }

        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }

    /// <summary>A pod of an owner, attached by the real plugin.</summary>
    internal async Task<TestPod> AddPodAsync(int node, string @namespace, string name, (string Kind, string Name) owner, params (string Key, string Value)[] labels)
    {
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = name, ["namespace"] = @namespace, ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
                ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = owner.Kind, ["name"] = owner.Name, ["uid"] = $"uid-of-{owner.Name}", ["controller"] = true }),
            },
            ["spec"] = new JsonObject { ["nodeName"] = Nodes[node].Name, ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "busybox" }) },
        };
        await Client.CreateAsync(ResourceType.Untyped("", "v1", "pods", "Pod", true), pod);
        return await Nodes[node].AttachPodAsync(@namespace, name);
    }

    /// <summary>CNI DEL, and the pod's end in the API.</summary>
    internal async Task RemovePodAsync(TestPod pod)
    {
        await pod.CniAsync("DEL");
        pod.Dispose();
        await Client.TryDeleteAsync(KubeTypes.Pods, pod.Namespace, pod.Name, new DeleteOptions { GracePeriodSeconds = 0 });
    }

    /// <summary>Takes TCP connections and swallows datagrams on a port, of both families.</summary>
    internal void Serve(TestPod pod, int port)
    {
        Socket listener = Open(pod, SocketType.Stream, ProtocolType.Tcp, port), sink = Open(pod, SocketType.Dgram, ProtocolType.Udp, port);
        _sockets.Add(sink);
        _sockets.Add(listener);
        listener.Listen(1024);
        _ = AcceptAsync(listener);
    }

    /// <summary>A socket inside of a pod.</summary>
    internal static Socket Open(TestPod pod, SocketType type, ProtocolType protocol, int port) => pod.Network.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, type, protocol) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    });

    private static async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptAsync()).Dispose();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
