using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;
using Waggle.Hubble.Tests.Relay;
using Waggle.Hubble.Tests.Shared;
using Waggle.Tests.Shared;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Hubble.Tests.Tls;

/// <summary>
/// Two nodes, a peer service, a relay and a client, all with mutual TLS over files that are replaced as kubelet replaces them, while
/// flows run: certificates several times, the authority once. Time is moved by hand, so old certificates do end.
/// </summary>
public sealed class RenewalTests : IAsyncDisposable
{
    private const int Batch = 150;
    private static readonly TimeSpan Life = TimeSpan.FromHours(10), Step = TimeSpan.FromHours(6);
    private static readonly RpcMethod<HealthCheckRequest, HealthCheckResponse> Who = new("test.Who", "Ask", HealthCheckRequest.Parser, HealthCheckResponse.Parser);

    private readonly ManualTime _time = new();
    private readonly SecretVolume _server = new(), _client = new();
    private readonly Dictionary<string, TestServer> _nodes = [];
    private readonly List<RpcListener> _listeners = [];
    private readonly Channel<string> _shown = Channel.CreateUnbounded<string>();
    private readonly TestPki _old, _new;
    private long _last;
    private X509Certificate2 _serverNow = null!, _clientNow = null!;

    public RenewalTests()
    {
        var now = _time.GetUtcNow();
        (_old, _new) = (new TestPki(now.AddDays(-1), now.AddDays(2)), new TestPki(now.AddHours(-1), now.AddDays(9)));
        Renew(_old, _old.Pem);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        foreach (var node in _nodes.Values)
        {
            await node.DisposeAsync();
        }

        _server.Dispose();
        _client.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    [Fact]
    public async Task Renewals_UnderStreams_LoseNothing_AndNewConnectionsUseTheNew()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        await using var relay = await TestRelay.StartAsync([a, b], p => Connect(p), TestRelay.Options() with { Patience = TimeSpan.FromSeconds(1) }, _server.Files(_time), Call("relay.default.hubble-grpc.cilium.io"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var got = Channel.CreateUnbounded<GetFlowsResponse>();
        var following = FollowAsync(relay.Channel, got.Writer, stop.Token);
        Assert.Equal(NodeState.NodeConnected, (await got.Reader.ReadAsync(TestContext.Current.CancellationToken)).NodeStatus.StateChange);
        await UntilAsync(() => _nodes.Values.All(n => n.Observer.Streams == 1));

        var (first, firstServer) = (_clientNow, _serverNow);
        var flows = new List<string>();
        var written = new List<string>();
        foreach (var (signer, trust) in new[] { (_old, _old.Pem), (_old, _old.Pem + _new.Pem), (_new, _new.Pem + _old.Pem), (_new, _new.Pem), (_new, _new.Pem) })
        {
            Write(written, "a", "b");
            await TakeAsync(got.Reader, flows, written.Count);
            Renew(signer, trust);
            _time.Advance(Step);
            Write(written, "a", "b");
            await TakeAsync(got.Reader, flows, written.Count);

            // A new connection, in both directions: the new ones are shown, and trusted.
            using var channel = Connect(a);
            await channel.CallAsync(Who, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            Assert.Equal(_clientNow.Thumbprint, await _shown.Reader.ReadAsync(TestContext.Current.CancellationToken));
            Assert.Equal(_serverNow.Thumbprint, await ShownByAsync(a));
        }

        // The first ones ended long ago, and their authority is trusted no more.
        using (var late = Connect(a, () => first))
        {
            Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(late))).Code);
        }

        // A node that comes, by Notify: its connection is a new one. One that still shows what ended is refused, and told.
        var c = await NodeAsync("c");
        using var stale = new SecretVolume();
        stale.Write(firstServer, _new.Pem);
        var d = await NodeAsync("d", stale.Files(_time));
        relay.Peers.Set([a, b, c, d]);
        var events = await TakeEventsAsync(got.Reader, flows, NodeState.NodeConnected, "c");
        await UntilAsync(() => _nodes["c"].Observer.Streams == 1 && relay.Pool.Now.Nodes.Single(n => n.Peer.Name == "d").Available == false);
        if (!events.Any(e => e.NodeNames.Contains("d")))
        {
            events.AddRange(await TakeEventsAsync(got.Reader, flows, NodeState.NodeUnavailable, "d"));
        }

        var told = Assert.Single(events, e => e.NodeNames.Contains("d"));
        Assert.Equal(NodeState.NodeUnavailable, told.StateChange);
        Assert.Contains("refused", told.Message, StringComparison.Ordinal);
        Write(written, "a", "b", "c");
        await TakeAsync(got.Reader, flows, written.Count);

        Assert.Equal(written.Order(StringComparer.Ordinal), flows.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(events, e => e.NodeNames.Contains("a") || e.NodeNames.Contains("b"));
        await stop.CancelAsync();
        await following;
    }

    [Fact]
    public async Task Certificate_ThatEnds_IsRefusedOnNewConnections_OfBothSides()
    {
        var a = await NodeAsync("a");
        using (var good = Connect(a))
        {
            await CheckAsync(good);
        }

        _time.Advance(Life + TimeSpan.FromMinutes(1));
        using var ended = Connect(a);
        var e = await Assert.ThrowsAsync<RpcException>(() => CheckAsync(ended));
        Assert.Contains("it is good from", e.Detail, StringComparison.Ordinal);

        // The server's is fine again, the client's is not.
        var old = _clientNow;
        Renew(_old, _old.Pem);
        _time.Advance(TimeSpan.FromSeconds(2));
        using var late = Connect(a, () => old);
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(late))).Code);
        using var renewed = Connect(a);
        await CheckAsync(renewed);
    }

    [Fact]
    public async Task Connection_OfAge_GetsNoNewCalls_AndItsStreamGoesOn()
    {
        var a = await NodeAsync("a");
        using var channel = Connect(a, lifetime: TimeSpan.FromMilliseconds(1));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var got = Channel.CreateUnbounded<GetFlowsResponse>();
        var following = FollowAsync(channel, got.Writer, stop.Token);
        await UntilAsync(() => _nodes["a"].Observer.Streams == 1);
        Renew(_old, _old.Pem);
        _time.Advance(TimeSpan.FromSeconds(2));
        string shown;
        do
        {
            await channel.CallAsync(Who, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            shown = await _shown.Reader.ReadAsync(TestContext.Current.CancellationToken);
        }
        while (shown != _clientNow.Thumbprint);

        var (written, flows) = (new List<string>(), new List<string>());
        Write(written, "a");
        await TakeAsync(got.Reader, flows, written.Count);
        Assert.Equal(written, flows);
        await stop.CancelAsync();
        await following;
    }

    private static Task<HealthCheckResponse> CheckAsync(RpcChannel channel) =>
        channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    private static async Task FollowAsync(RpcChannel channel, ChannelWriter<GetFlowsResponse> got, CancellationToken cancellation)
    {
        try
        {
            await foreach (var response in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: cancellation))
            {
                got.TryWrite(response);
            }

            got.TryComplete();
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException)
        {
            got.TryComplete(e);
        }
    }

    private static async Task TakeAsync(ChannelReader<GetFlowsResponse> got, List<string> flows, int count)
    {
        while (flows.Count < count)
        {
            var response = await got.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.True(response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow, response.ToString());
            flows.Add($"{response.NodeName} {FlowDecoder.Nanoseconds(response.Time)}");
        }
    }

    private static async Task<List<NodeStatusEvent>> TakeEventsAsync(ChannelReader<GetFlowsResponse> got, List<string> flows, NodeState state, string node)
    {
        var events = new List<NodeStatusEvent>();
        while (!events.Any(e => e.StateChange == state && e.NodeNames.Contains(node)))
        {
            var response = await got.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            if (response.NodeStatus is { } status)
            {
                events.Add(status);
            }
            else
            {
                flows.Add($"{response.NodeName} {FlowDecoder.Nanoseconds(response.Time)}");
            }
        }

        return events;
    }

    private async Task<Peer> NodeAsync(string name, CertificateFiles? files = null)
    {
        var node = await TestServer.StartAsync(capacity: 4095, node: name, more: server => server.AddUnary(Who, (_, call) =>
        {
            _shown.Writer.TryWrite(call.ClientCertificate!.Thumbprint);
            return Task.FromResult(new HealthCheckResponse());
        }));
        _nodes.Add(name, node);
        var listener = await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), node.Server, files ?? _server.Files(_time), requireClientCertificate: true, NullLoggerFactory.Instance);
        _listeners.Add(listener);
        return new Peer(name, $"127.0.0.1:{listener.Port}", Peer.ServerName("default", name));
    }

    private RpcChannel Connect(Peer peer, Func<X509Certificate2?>? certificate = null, TimeSpan? lifetime = null) =>
        new(RpcTarget.TryParse(peer.Address, out var target) ? target : throw new ArgumentException(peer.Address), new RpcChannelOptions { Tls = Call(peer.TlsServerName!, certificate), ConnectionLifetime = lifetime ?? TimeSpan.FromHours(1) });

    private RpcTlsOptions Call(string serverName, Func<X509Certificate2?>? certificate = null)
    {
        var files = _client.Files(_time);
        return new RpcTlsOptions { ServerName = serverName, Authorities = () => files.Current.Authorities, ClientCertificate = certificate ?? (() => files.Current.Certificate), Time = _time };
    }

    private void Renew(TestPki signer, string trust)
    {
        var now = _time.GetUtcNow();
        _serverNow = signer.Issue("*.default.hubble-grpc.cilium.io", now.AddMinutes(-5), now + Life);
        _clientNow = signer.Issue("*.hubble-relay.cilium.io", now.AddMinutes(-5), now + Life);
        _server.Write(_serverNow, trust);
        _client.Write(_clientNow, trust);
    }

    /// <summary>What a node shows to somebody who connects, whether it takes them or not.</summary>
    private async Task<string> ShownByAsync(Peer peer)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPEndPoint.Parse(peer.Address), TestContext.Current.CancellationToken);
        var shown = "";
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) =>
        {
            shown = certificate!.GetCertHashString();
            return false;
        });
        await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync("a.default.hubble-grpc.cilium.io"));
        return shown;
    }

    private void Write(List<string> written, params string[] nodes)
    {
        for (var i = 0; i < Batch; i++)
        {
            foreach (var name in nodes)
            {
                var ns = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
                ns = Math.Max(ns, _last + 1);
                _last = ns;
                _nodes[name].Pipeline.OnPacket(Packets.Trace(ns), Packets.Tcp("10.0.0.1", "10.0.0.2"));
                written.Add($"{name} {ns}");
            }
        }
    }
}
