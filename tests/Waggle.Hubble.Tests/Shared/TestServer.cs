using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Ring;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Tests.Shared;

/// <summary>An observer with all its services behind a unix socket of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-hubble-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private RpcListener? _listener;

    private TestServer(int capacity, NodeInfo node)
    {
        Ring = new FlowRing(capacity, 0x1234_5678_9abc_def0);
        Metadata = new TestMetadata { Node = node };
        Consumers = new FlowConsumers(NullLogger<FlowConsumers>.Instance);
        Pipeline = new FlowPipeline(Ring, Consumers, Metadata);
        Observer = new FlowObserver(Ring, Pipeline.Namespaces, () => new ObserverOptions("waggle test", node), TimeProvider.System);
        Server = new RpcServer(NullLogger<RpcServer>.Instance, _stop.Token) { MaxMessageBytes = 1 << 20 };
        Observer.AddTo(Server);
        Health = new RpcHealth(Server);
        RpcReflection.AddTo(Server);
    }

    public FlowRing Ring { get; }

    public TestMetadata Metadata { get; }

    public FlowConsumers Consumers { get; }

    public FlowPipeline Pipeline { get; }

    public FlowObserver Observer { get; }

    public RpcServer Server { get; }

    public RpcHealth Health { get; }

    public string SocketPath => Path.Combine(_directory, "hubble.sock");

    public static async Task<TestServer> StartAsync(int capacity = 255, string node = "node-1", Action<RpcServer>? more = null)
    {
        var server = new TestServer(capacity, new NodeInfo(node, []));
        more?.Invoke(server.Server);
        server._listener = await RpcListener.UnixAsync(server.SocketPath, server.Server, NullLoggerFactory.Instance);
        return server;
    }

    public RpcChannel Connect(RpcChannelOptions? options = null) => new(RpcTarget.Unix(SocketPath), options);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }
}
