using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Tls;

/// <summary>What is taken as a peer's certificate, and what is told of what is not.</summary>
public sealed class PeerCertificateTests : IDisposable
{
    private const string ServerName = "node-1.default.hubble-grpc.cilium.io", ForServers = "1.3.6.1.5.5.7.3.1", ForClients = "1.3.6.1.5.5.7.3.2";
    private readonly TestPki _pki = new();
    private readonly SecretVolume _volume = new();

    public void Dispose()
    {
        _pki.Dispose();
        _volume.Dispose();
    }

    [Fact]
    public async Task Server_WithAnotherName_IsToldAsSuch() => Assert.Contains($"it is not for {ServerName}", await RefusalAsync(_pki.Issue("*.other.hubble-grpc.cilium.io")), StringComparison.Ordinal);

    [Fact]
    public async Task Server_OfAnotherAuthority_IsToldAsSuch()
    {
        using var other = new TestPki();
        Assert.Contains("an authority that is not trusted", await RefusalAsync(other.Issue(ServerName)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_ThatEnded_IsToldAsSuch() =>
        Assert.Contains("it is good from", await RefusalAsync(_pki.Issue(ServerName, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddMinutes(-1))), StringComparison.Ordinal);

    [Fact]
    public async Task Server_WithACertificateForClients_IsRefused() => Assert.Contains("NotValidForUsage", await RefusalAsync(_pki.Issue(ServerName, purpose: ForClients)), StringComparison.Ordinal);

    [Fact]
    public async Task Client_WithACertificateForServers_IsRefused()
    {
        await using var listener = await ListenAsync(_pki.Issue(ServerName));
        using var good = Connect(listener, _pki.Issue("client", purpose: ForClients));
        await CheckAsync(good);
        using var channel = Connect(listener, _pki.Issue("client", purpose: ForServers));
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(channel))).Code);
    }

    [Fact]
    public async Task Server_WhoseCertificateNamesAPlace_IsRefusedWithoutGoingThere()
    {
        using var place = new TcpListener(IPAddress.Loopback, 0);
        place.Start();
        using var between = new TestPki(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(4), _pki, "unknown intermediate");
        var uri = $"http://127.0.0.1:{((IPEndPoint)place.LocalEndpoint).Port}/ca.cer";
        await RefusalAsync(between.Issue(ServerName, fetchFrom: uri));
        Assert.False(place.Pending());

        // Nor does the server go where its client's certificate points.
        await using var listener = await ListenAsync(_pki.Issue(ServerName));
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, listener.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream());
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = ServerName,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                ClientCertificateContext = SslStreamCertificateContext.Create(between.Issue("client", fetchFrom: uri), null, offline: true), // itself it would go
            }, TestContext.Current.CancellationToken);
            throw await tls.ReadAsync(new byte[1], TestContext.Current.CancellationToken) == 0 ? new IOException("closed") : new InvalidOperationException("taken"); // with TLS 1.3 the refusal comes after the handshake
        });
        Assert.False(place.Pending());
    }

    [Fact]
    public async Task Server_WithIntermediates_IsTrustedByItsRoot()
    {
        using var between = new TestPki(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(4), _pki, "intermediate");
        await using var listener = await ListenAsync(between.Issue(ServerName), between.Authority);
        for (var i = 0; i < 3; i++)
        {
            using var channel = Connect(listener, _pki.Issue("client"));
            await CheckAsync(channel);
        }
    }

    [Fact]
    public async Task Server_OfOneOfTwoAuthoritiesWithTheSameName_IsTrusted()
    {
        using var second = new TestPki();
        foreach (var (signer, order) in new[] { (_pki, new[] { _pki, second }), (_pki, [second, _pki]), (second, [_pki, second]), (second, [second, _pki]) })
        {
            await using var listener = await ListenAsync(signer.Issue(ServerName), trust: string.Concat(order.Select(o => o.Pem)));
            using var channel = Connect(listener, signer.Issue("client"), [.. order.Select(o => o.Authority)]);
            await CheckAsync(channel);
        }
    }

    private static Task<HealthCheckResponse> CheckAsync(RpcChannel channel) =>
        channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    private async Task<string> RefusalAsync(X509Certificate2 server)
    {
        await using var listener = await ListenAsync(server);
        using var channel = Connect(listener, _pki.Issue("client"));
        var e = await Assert.ThrowsAsync<RpcException>(() => CheckAsync(channel));
        Assert.Equal(RpcStatusCode.Unavailable, e.Code);
        return e.Detail;
    }

    private async Task<RpcListener> ListenAsync(X509Certificate2 certificate, X509Certificate2? intermediate = null, string? trust = null)
    {
        _volume.Write(certificate, trust ?? _pki.Pem, intermediate);
        var server = new RpcServer(NullLogger<RpcServer>.Instance);
        _ = new RpcHealth(server);
        return await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server, _volume.Files(TimeProvider.System), requireClientCertificate: true, NullLoggerFactory.Instance);
    }

    private RpcChannel Connect(RpcListener listener, X509Certificate2 client, X509Certificate2Collection? trust = null) => new(
        RpcTarget.Tcp("127.0.0.1", listener.Port),
        new RpcChannelOptions { Tls = new RpcTlsOptions { ServerName = ServerName, Authorities = () => trust ?? [_pki.Authority], ClientCertificate = () => client } });
}
