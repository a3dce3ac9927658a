using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Waggle.Tests.Shared;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>The port with the metrics of flows: what it serves, and its TLS.</summary>
public sealed class MetricsServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-metrics-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Metrics_CountFlows_AndTheFileOfMetricsIsReadAgain()
    {
        string address = OutletRig.FreeAddress(), file = At("metrics.yaml");
        await File.WriteAllTextAsync(file, "metrics:\n- name: flow\n");
        await using OutletRig rig = await OutletRig.StartAsync(("hubble-metrics-server", address), ("hubble-dynamic-metrics-config-path", file));
        using var http = new HttpClient();
        await OutletRig.UntilAsync(() => GetAsync(rig, http, $"http://{address}/metrics"), t => t.Contains("hubble_flows_processed_total{", StringComparison.Ordinal), "flows are counted");

        // A bad file changes nothing, a good one is taken up without a restart.
        await File.WriteAllTextAsync(file, "metrics:\n- name: nonsense\n");
        await OutletRig.UntilAsync(() => GetAsync(rig, http, $"http://{address}/metrics"), t => t.Contains("hubble_flows_processed_total{", StringComparison.Ordinal), "a bad file changes nothing");
        await File.WriteAllTextAsync(file, "metrics:\n- name: tcp\n");
        string text = await OutletRig.UntilAsync(() => GetAsync(rig, http, $"http://{address}/metrics"), t => t.Contains("hubble_tcp_flags_total{", StringComparison.Ordinal), "the new file is taken up");
        Assert.DoesNotContain("hubble_flows_processed_total{", text, StringComparison.Ordinal);
        Assert.Contains("flag=\"SYN\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MetricsTls_FilesThatRotate_AreServedWithoutARestart()
    {
        using var authority = new TestPki();
        string address = OutletRig.FreeAddress(), first = authority.Write(At("tls.crt"), At("tls.key"), "metrics.test");
        await using OutletRig rig = await OutletRig.StartAsync(
            ("hubble-metrics-server", address), ("hubble-metrics", "flow"), ("hubble-metrics-server-enable-tls", "true"),
            ("hubble-metrics-server-tls-cert-file", At("tls.crt")), ("hubble-metrics-server-tls-key-file", At("tls.key")));
        Assert.Equal(first, await OutletRig.UntilAsync(() => ServedAsync(rig, address, authority), t => t.Length > 0, "served with TLS"));
        using (var plain = new HttpClient())
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetStringAsync(new Uri($"http://{address}/metrics")));
        }

        string second = authority.Write(At("tls.crt"), At("tls.key"), "metrics.test");
        await OutletRig.UntilAsync(() => ServedAsync(rig, address, authority), t => t == second, "the new certificate is served");
        await File.WriteAllTextAsync(At("tls.crt"), "garbage");
        Assert.Equal(second, await ServedAsync(rig, address, authority));
    }

    [Fact]
    public async Task MetricsTls_WithClientAuthorities_RefusesStrangers()
    {
        using var authority = new TestPki();
        using var others = new TestPki("another authority");
        string address = OutletRig.FreeAddress();
        authority.Write(At("tls.crt"), At("tls.key"), "metrics.test");
        await File.WriteAllTextAsync(At("clients.pem"), authority.Pem);
        await using OutletRig rig = await OutletRig.StartAsync(
            ("hubble-metrics-server", address), ("hubble-metrics", "flow"), ("hubble-metrics-server-enable-tls", "true"), ("hubble-metrics-server-tls-client-ca-files", At("clients.pem")),
            ("hubble-metrics-server-tls-cert-file", At("tls.crt")), ("hubble-metrics-server-tls-key-file", At("tls.key")));
        using X509Certificate2 known = authority.Issue("prometheus"), stranger = others.Issue("prometheus");
        await OutletRig.UntilAsync(() => ServedAsync(rig, address, authority, known), t => t.Length > 0, "a client of the authority is served");
        Assert.Equal("", await ServedAsync(rig, address, authority, stranger));
        Assert.Equal("", await ServedAsync(rig, address, authority));
    }

    /// <summary>Thumbprint of the certificate that the metrics came with; empty: they did not come.</summary>
    private static async Task<string> ServedAsync(OutletRig rig, string address, TestPki authority, X509Certificate2? client = null)
    {
        string thumbprint = "";
        using var handler = new SocketsHttpHandler();
        // The name to verify is taken from the address asked for.
        handler.ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPEndPoint.Parse(address), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        };
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            LocalCertificateSelectionCallback = client is null ? null : (_, _, _, _, _) => client,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            {
                using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
                chain.ChainPolicy.CustomTrustStore.Add(authority.Authority);
                using X509Certificate2 peer = X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData());
                thumbprint = peer.Thumbprint;
                return (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0 && chain.Build(peer);
            },
        };
        using var http = new HttpClient(handler);
        return (await GetAsync(rig, http, "https://metrics.test/metrics")).Contains("hubble_flows_processed_total", StringComparison.Ordinal) ? thumbprint : "";
    }

    private static async Task<string> GetAsync(OutletRig rig, HttpClient http, string url)
    {
        rig.Write();
        try
        {
            return await http.GetStringAsync(new Uri(url));
        }
        catch (Exception notServed) when (notServed is HttpRequestException or IOException or SocketException or AuthenticationException)
        {
            return "";
        }
    }
}
