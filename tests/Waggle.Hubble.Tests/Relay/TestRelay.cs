using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>A relay and its peer service on unix sockets.</summary>
internal sealed class TestRelay : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-relay-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<RpcListener> _listeners = [];
    private RpcChannel? _peerChannel;
    private RelayPool? _pool;
    private Task _running = Task.CompletedTask;

    public PeerRegistry Peers { get; } = new();

    public RpcChannel Channel { get; private set; } = null!;

    public RelayPool Pool => _pool!;

    public static RelayOptions Options(int giveUpSeconds = 60) => new()
    {
        MinBackoff = TimeSpan.FromMilliseconds(50), HealthInterval = TimeSpan.FromMilliseconds(200), CallTimeout = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(60), GiveUp = TimeSpan.FromSeconds(giveUpSeconds),
    };

    public static Task<TestRelay> StartAsync(IReadOnlyList<KeyValuePair<string, string>> nodes, int giveUpSeconds = 60, RelayOptions? options = null) =>
        StartAsync([.. nodes.Select(n => new Peer(n.Key, n.Value, null))], p => new RpcChannel(RpcTarget.Unix(p.Address)), options ?? Options(giveUpSeconds));

    /// <param name="nodes">Nodes that the peer service names at first.</param>
    /// <param name="connect">How the relay reaches a node.</param>
    /// <param name="options">Patience and bounds.</param>
    /// <param name="serve">Certificates of relay and peer service, both on TCP then; null: unix sockets.</param>
    /// <param name="call">How they are called.</param>
    public static async Task<TestRelay> StartAsync(IReadOnlyList<Peer> nodes, Func<Peer, RpcChannel> connect, RelayOptions options, CertificateFiles? serve = null, RpcTlsOptions? call = null)
    {
        var relay = new TestRelay();
        relay.Peers.Set(nodes);
        var peerServer = new RpcServer(NullLogger<RpcServer>.Instance, relay._stop.Token);
        relay.Peers.AddTo(peerServer);
        relay._peerChannel = await relay.ListenAsync("peers", peerServer, serve, call);
        relay._pool = new RelayPool(relay._peerChannel, connect, options, TimeProvider.System, NullLogger<RelayPool>.Instance);
        relay._running = Task.Run(() => relay._pool.RunAsync(relay._stop.Token));
        var server = new RpcServer(NullLogger<RpcServer>.Instance, relay._stop.Token);
        new RelayObserver(relay._pool, options, "relay", "test", TimeProvider.System).AddTo(server);
        relay.Channel = await relay.ListenAsync("relay", server, serve, call);

        // Every node was looked at once.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (relay._pool.Now is var (now, changed) && (now.Count < nodes.Count || now.Any(n => n.Available is null)))
        {
            await changed.WaitAsync(limit.Token);
        }

        return relay;
    }

    /// <summary>Another client.</summary>
    public RpcChannel Connect(RpcChannelOptions? options = null) => new(Channel.Target, options);

    private async Task<RpcChannel> ListenAsync(string name, RpcServer server, CertificateFiles? serve, RpcTlsOptions? call)
    {
        var path = Path.Combine(_directory, name);
        var listener = serve is null ? await RpcListener.UnixAsync(path, server, NullLoggerFactory.Instance)
            : await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server, serve, requireClientCertificate: true, NullLoggerFactory.Instance);
        _listeners.Add(listener);
        return serve is null ? new RpcChannel(RpcTarget.Unix(path)) : new RpcChannel(RpcTarget.Tcp("127.0.0.1", listener.Port), new RpcChannelOptions { Tls = call });
    }

    public Peer PeerOf(string name, string path) => new(name, path, null);

    public async Task<List<GetFlowsResponse>> FlowsAsync(GetFlowsRequest request) => (await AllAsync(request)).Flows;

    public async Task<(List<GetFlowsResponse> Flows, List<NodeStatusEvent> Events)> AllAsync(GetFlowsRequest request)
    {
        var (flows, events) = (new List<GetFlowsResponse>(), new List<NodeStatusEvent>());
        await foreach (var response in Channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: TestContext.Current.CancellationToken))
        {
            if (response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow)
            {
                flows.Add(response);
            }
            else if (response.NodeStatus is { } status)
            {
                events.Add(status);
            }
        }

        return (flows, events);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
        }

        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        Channel.Dispose();
        await _pool!.DisposeAsync();
        _peerChannel!.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>A node that answers GetFlows as a test wants.</summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-fake-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private RpcListener? _listener;

    public string Path => System.IO.Path.Combine(_directory, "hubble.sock");

    public static Task<FakeNode> StartAsync(Func<IRpcWriter<GetFlowsResponse>, RpcServerCall, Task> getFlows) => StartAsync((_, writer, call) => getFlows(writer, call));

    public static async Task<FakeNode> StartAsync(Func<GetFlowsRequest, IRpcWriter<GetFlowsResponse>, RpcServerCall, Task> getFlows)
    {
        var node = new FakeNode();
        var server = new RpcServer(NullLogger<RpcServer>.Instance, node._stop.Token);
        server.AddServerStreaming(HubbleMethods.GetFlows, getFlows);
        _ = new RpcHealth(server);
        node._listener = await RpcListener.UnixAsync(node.Path, server, NullLoggerFactory.Instance);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listener!.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
