using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Datapath.Events;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Ring;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.State.Tables;

namespace Waggle.Bench.Hubble;

/// <summary>An agent's observer with two hundred pods and a thousand Services, on a unix socket.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("waggle-bench-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private RpcListener? _listener;

    private BenchNode(string name, int capacity)
    {
        Metadata = new HubbleMetadata([]) { Node = new NodeInfo(name, []), TunnelPort = 8472 };
        Metadata.SetInterfaces([(7, "lxc1234567890")]);
        for (var i = 0; i < 200; i++)
        {
            var pod = new EndpointInfo
            {
                Id = (uint)i + 1, Identity = 1000, ClusterName = "default", Namespace = $"ns-{i % 10}", PodName = string.Create(CultureInfo.InvariantCulture, $"web-5d9c-{i}"),
                Labels = ["k8s:app=web", "k8s:io.cilium.k8s.policy.cluster=default", "k8s:io.kubernetes.pod.namespace=ns"], Workloads = [new WorkloadInfo("web", "Deployment")],
            };
            Metadata.SetEndpoint(pod);
            Metadata.Addresses.Set(FlowAddress.FromIPv4(0x0a000100u + (uint)i), pod);
        }

        for (var i = 0; i < 1000; i++)
        {
            Metadata.Services.Set(FlowAddress.FromIPv4(0x0a600000u + (uint)i), 80, 6, new ServiceInfo($"service-{i}", "default"));
        }

        Ring = new FlowRing(capacity, 1);
        var pipeline = new FlowPipeline(Ring, new FlowConsumers(NullLogger<FlowConsumers>.Instance), Metadata);
        Observer = new FlowObserver(Ring, pipeline.Namespaces, () => new ObserverOptions("bench", Metadata.Node), TimeProvider.System);
        Adapter = new EventAdapter(pipeline, new LocalEndpoints(Metadata, new AgentEvents(Observer), new EndpointTable(new StateDb()), ""));
    }

    public HubbleMetadata Metadata { get; }

    public FlowRing Ring { get; }

    public IDatapathEventHandler Adapter { get; }

    public FlowObserver Observer { get; }

    public string Socket => Path.Combine(_directory, "hubble.sock");

    public static async Task<BenchNode> StartAsync(string name, int capacity, CancellationToken cancellation)
    {
        var node = new BenchNode(name, capacity);
        var server = new RpcServer(NullLogger<RpcServer>.Instance, node._stop.Token);
        node.Observer.AddTo(server);
        _ = new RpcHealth(server);
        node._listener = await RpcListener.UnixAsync(node.Socket, server, NullLoggerFactory.Instance, cancellation).ConfigureAwait(false);
        return node;
    }

    /// <summary>Asks for the whole ring again and again; returns the flows of the ring that were gone through per second.</summary>
    public async Task<double> DeliverAsync(GetFlowsRequest request, TimeSpan duration, CancellationToken cancellation)
    {
        using var channel = new RpcChannel(RpcTarget.Unix(Socket));
        var clock = Stopwatch.StartNew();
        long done = 0;
        while (clock.Elapsed < duration)
        {
            await foreach (var _ in channel.StreamAsync(RelayedMethods.GetFlows, request, cancellation: cancellation).ConfigureAwait(false))
            {
            }

            done += (long)Ring.Count;
        }

        return done / clock.Elapsed.TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _listener!.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
