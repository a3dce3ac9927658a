using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Operator.Tests.HubbleCertificates;

/// <summary>A running operator, whose certificates live for seconds, an API server, kubelet's files, a node's server, and the relay as it is started.</summary>
public sealed class RotationTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-rotation-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly Channel<string> _flows = Channel.CreateUnbounded<string>();
    private ClusterPki _pki = null!;
    private ApiServerHost _api = null!;
    private KubeClient _client = null!;
    private RpcListener _node = null!;
    private RpcListener _peers = null!;

    public async ValueTask InitializeAsync()
    {
        _pki = ClusterPki.LoadOrCreate(At("pki"), []);
        _api = await ApiServerHost.StartAsync(new ApiServerOptions { DataDirectory = At("api"), Pki = _pki, Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] });
        _pki.WriteKubeconfig(At("kubeconfig"), "test", $"https://127.0.0.1:{_api.Addresses[0].Port}", _pki.IssueAdmin());
        _client = new KubeClient(KubeConfig.FromFile(At("kubeconfig")));
        Directory.CreateDirectory(At("config"));
        foreach ((string key, string value) in new[]
        {
            ("enable-hubble", "true"), ("operator-prometheus-serve-addr", ""), ("hubble-server-cert-validity-duration", "20s"), ("hubble-relay-client-cert-validity-duration", "20s"),
            ("hubble-ca-validity-duration", "60s"), ("hubble-ca-renewal-percent", "30"), ("hubble-ca-overlap", "5s"),
        })
        {
            await File.WriteAllTextAsync(Path.Combine(At("config"), key), value);
        }

        _running.Add(OperatorHost.RunAsync(new OperatorArguments { ConfigDirectory = At("config"), Kubeconfig = At("kubeconfig"), Namespace = "kube-system", HealthAddress = "" }, _stop.Token));
        foreach ((string secret, string directory) in new[] { ("hubble-server-certs", "agent"), ("hubble-relay-client-certs", "relay") })
        {
            Directory.CreateDirectory(At(directory));
            _running.Add(new Kubelet(_client, secret, At(directory)).RunAsync(_stop.Token));
        }

        await UntilAsync(() => File.Exists(At("agent/tls.crt")) && File.Exists(At("relay/tls.crt")));
        var server = new RpcServer(NullLogger<RpcServer>.Instance, _stop.Token);
        server.AddServerStreaming(HubbleMethods.GetFlows, async (_, writer, call) =>
        {
            await foreach (string uuid in _flows.Reader.ReadAllAsync(call.Cancellation))
            {
                await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { Uuid = uuid, NodeName = "node-1" }, NodeName = "node-1", Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow) });
            }
        });
        server.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(new ServerStatusResponse()));
        _ = new RpcHealth(server);
        _node = await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server, Files("agent"), requireClientCertificate: true, NullLoggerFactory.Instance);
        var registry = new PeerRegistry();
        registry.Set([new Peer("node-1", $"127.0.0.1:{_node.Port}", Peer.ServerName("default", "node-1"))]);
        var peers = new RpcServer(NullLogger<RpcServer>.Instance, _stop.Token);
        registry.AddTo(peers);
        _peers = await RpcListener.UnixAsync(At("hubble.sock"), peers, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        await _peers.DisposeAsync();
        await _node.DisposeAsync();
        _client.Dispose();
        await _api.DisposeAsync();
        _pki.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Certificates_ThatLiveForSeconds_AreReplacedUnderAStream_WithTheirAuthority()
    {
        // An address of this test's own, so that the relay may listen where it does.
        string address = string.Create(CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(64, 250)}.{Random.Shared.Next(1, 250)}.{Random.Shared.Next(1, 250)}");
        _running.Add(RelayHost.RunAsync(
            RelayArguments.Parse(["serve", $"--listen-address={address}:4245", $"--peer-service=unix://{At("hubble.sock")}", "--disable-server-tls", $"--tls-relay-client-cert-file={At("relay/tls.crt")}", $"--tls-relay-client-key-file={At("relay/tls.key")}", $"--tls-hubble-server-ca-files={At("relay/ca.crt")}"]),
            _stop.Token));
        using var client = new RpcChannel(RpcTarget.Tcp(address, 4245));
        await UntilAsync(async () =>
        {
            try
            {
                return (await client.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), TimeSpan.FromSeconds(10))).NumConnectedNodes == 1;
            }
            catch (RpcException)
            {
                return false;
            }
        });

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        var got = Channel.CreateUnbounded<string>();
        Task following = FollowAsync(client, got.Writer, limit.Token);
        var (authorities, shown, used) = (new HashSet<string>(), new HashSet<string>(), 0);
        CertificateFiles files = Files("relay");
        for (int i = 0; authorities.Count < 3 || shown.Count < 4; i++)
        {
            string uuid = $"flow-{i}";
            _flows.Writer.TryWrite(uuid);
            Assert.Equal(uuid, await got.Reader.ReadAsync(limit.Token));

            // A new connection with what lies there now, until both sides have read the same.
            await UntilAsync(async () =>
            {
                using var channel = new RpcChannel(RpcTarget.Tcp("127.0.0.1", _node.Port), new RpcChannelOptions { Tls = new RpcTlsOptions { ServerName = Peer.ServerName("default", "node-1"), Authorities = () => files.Current.Authorities, ClientCertificate = () => files.Current.Certificate } });
                try
                {
                    await channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(10));
                    used++;
                    return true;
                }
                catch (RpcException)
                {
                    return false;
                }
            });
            if (await ShownAsync() is { Length: > 0 } now)
            {
                shown.Add(now);
            }

            Secret ca = await _client.GetAsync(KubeTypes.Secrets, "kube-system", "cilium-ca");
            authorities.Add(X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(ca.Data["ca.crt"]))).Thumbprint);
            await Task.Delay(100, limit.Token);
        }

        Assert.True(used > 0);
        await _stop.CancelAsync();
        await following;
    }

    private static async Task FollowAsync(RpcChannel client, ChannelWriter<string> got, CancellationToken cancellation)
    {
        try
        {
            await foreach (GetFlowsResponse response in client.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: cancellation))
            {
                if (response.Flow is { } flow)
                {
                    got.TryWrite(flow.Uuid);
                }
            }

            got.TryComplete();
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            got.TryComplete(e);
        }
    }

    /// <summary>What the node shows to one who connects.</summary>
    private async Task<string> ShownAsync()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _node.Port);
        string shown = "";
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) =>
        {
            shown = certificate!.GetCertHashString();
            return false;
        });
        try
        {
            await tls.AuthenticateAsClientAsync("node-1.default.hubble-grpc.cilium.io");
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // As the callback wants; a busy machine may end it before.
        }

        return shown;
    }

    private string At(string path) => Path.Combine(_directory, path);

    private CertificateFiles Files(string directory) =>
        new(At(directory + "/tls.crt"), At(directory + "/tls.key"), [At(directory + "/ca.crt")], TimeProvider.System, NullLogger<CertificateFiles>.Instance);
}
