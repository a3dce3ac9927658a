using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Rpc;

public sealed class TlsTests : IDisposable
{
    private const string ServerName = "node-1.default.hubble-grpc.cilium.io";
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-hubble-tls-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Call_WithMutualTls_Works()
    {
        var (ca, server, client) = Chain("*.default.hubble-grpc.cilium.io", "client");
        await using var listener = await ListenAsync(Write("s", server, ca), mutual: true);
        using var channel = Connect(listener, ca, client);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await CheckAsync(channel)).Status);
    }

    [Fact]
    public async Task Call_WithoutClientCertificate_IsRefused()
    {
        var (ca, server, _) = Chain("*.default.hubble-grpc.cilium.io", "client");
        await using var listener = await ListenAsync(Write("s", server, ca), mutual: true);
        using var channel = Connect(listener, ca, null);
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(channel))).Code);
    }

    [Fact]
    public async Task Call_WithACertificateOfAnotherAuthority_IsRefused()
    {
        var (ca, server, _) = Chain("*.default.hubble-grpc.cilium.io", "client");
        var (otherCa, _, stranger) = Chain("x", "client");
        await using var listener = await ListenAsync(Write("s", server, ca), mutual: true);
        using var channel = Connect(listener, ca, stranger);
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(channel))).Code);
        using var distrusting = Connect(listener, otherCa, stranger);
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(distrusting))).Code);
    }

    [Fact]
    public async Task Call_ToAServerWithAnotherName_IsRefused()
    {
        var (ca, server, client) = Chain("*.other.hubble-grpc.cilium.io", "client");
        await using var listener = await ListenAsync(Write("s", server, ca), mutual: true);
        using var channel = Connect(listener, ca, client);
        Assert.Equal(RpcStatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync(channel))).Code);
    }

    [Fact]
    public void CertificateFiles_ThatRotate_AreReadAgain_AndGarbageIsNot()
    {
        var time = new ManualTime();
        var (ca, first, _) = Chain("a", "client");
        var files = Write("r", first, ca, time);
        Assert.Equal(first.Thumbprint, files.Current.Certificate!.Thumbprint);
        var (ca2, second, _) = Chain("b", "client");
        Write("r", second, ca2, time);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(second.Thumbprint, files.Current.Certificate!.Thumbprint);
        File.WriteAllText(Path.Combine(_directory, "r.crt"), "garbage");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(second.Thumbprint, files.Current.Certificate!.Thumbprint);
        File.Delete(Path.Combine(_directory, "r.crt"));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(second.Thumbprint, files.Current.Certificate!.Thumbprint);
    }

    private static Task<HealthCheckResponse> CheckAsync(RpcChannel channel) =>
        channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    private static async Task<RpcListener> ListenAsync(CertificateFiles files, bool mutual)
    {
        var server = new RpcServer(NullLogger<RpcServer>.Instance);
        _ = new RpcHealth(server);
        return await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), server, files, mutual, NullLoggerFactory.Instance);
    }

    private static RpcChannel Connect(RpcListener listener, X509Certificate2 ca, X509Certificate2? client) =>
        new(RpcTarget.Tcp("127.0.0.1", listener.Port), new RpcChannelOptions { Tls = new RpcTlsOptions { ServerName = ServerName, Authorities = () => [ca], ClientCertificate = () => client } });

    private CertificateFiles Write(string name, X509Certificate2 certificate, X509Certificate2 ca, TimeProvider? time = null)
    {
        string At(string end) => Path.Combine(_directory, name + end);
        File.WriteAllText(At(".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(At(".key"), TestPki.KeyPem(certificate));
        File.WriteAllText(At(".ca"), ca.ExportCertificatePem());
        return new CertificateFiles(At(".crt"), At(".key"), [At(".ca")], time ?? TimeProvider.System, NullLogger<CertificateFiles>.Instance);
    }

    private static (X509Certificate2 Ca, X509Certificate2 Server, X509Certificate2 Client) Chain(string serverDns, string clientName)
    {
        var pki = new TestPki("test authority");
        return (pki.Authority, pki.Issue(serverDns), pki.Issue(clientName));
    }
}
