using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Tests.Shared;

namespace Waggle.Kube.Tests.Config;

public sealed class KubeConfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("waggle-kube-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void FromFile_ContextChosen_ItsClusterUserAndNamespace()
    {
        var path = Write("config", """
            apiVersion: v1
            kind: Config
            current-context: one
            clusters:
            - name: c1
              cluster: {server: "https://10.0.0.1:6443"}
            - name: c2
              cluster: {server: "https://10.0.0.2:6443/prefix", insecure-skip-tls-verify: true, tls-server-name: api}
            users:
            - name: u
              user: {token: abc}
            contexts:
            - name: one
              context: {cluster: c1, user: u}
            - name: two
              context: {cluster: c2, user: u, namespace: other}
            """);
        var one = KubeConfig.FromFile(path);
        var two = KubeConfig.FromFile(path, "two");

        Assert.Equal(("https://10.0.0.1:6443/", "default", false), (one.Server.AbsoluteUri, one.Namespace, one.InsecureSkipTlsVerify));
        Assert.Equal(("https://10.0.0.2:6443/prefix", "other", true), (two.Server.AbsoluteUri, two.Namespace, two.InsecureSkipTlsVerify));
        Assert.Equal("api", two.TlsServerName);
        Assert.Equal("abc", two.Token!.Current());
    }

    [Fact]
    public void Load_SeveralFiles_FirstWinsAndMissingAreSkipped()
    {
        var first = Write("a", "current-context: x\nclusters: [{name: c, cluster: {server: 'https://first'}}]");
        var second = Write("b", "current-context: y\nclusters: [{name: c, cluster: {server: 'https://second'}}]\ncontexts: [{name: x, context: {cluster: c}}]");
        var config = KubeConfigFile.Load([first, Path.Combine(_directory, "missing"), second]);

        Assert.Equal("x", config.CurrentContext);
        Assert.Equal("https://first/", config.Resolve().Server.AbsoluteUri);
    }

    [Fact]
    public void FromFile_RelativeTokenFile_BesideTheKubeconfig()
    {
        Write("token", "from-file\n");
        var path = Write("config", Config("{tokenFile: token, token: ignored}"));

        Assert.Equal("from-file", KubeConfig.FromFile(path).Token!.Current());
    }

    [Theory]
    [InlineData("[")]
    [InlineData("- a list")]
    [InlineData("just text")]
    [InlineData("current-context: [1]")]
    public void FromFile_NotAKubeconfig_SaysWhichFile(string text)
    {
        var path = Write("config", text);
        var error = Assert.Throws<KubeConfigException>(() => KubeConfig.FromFile(path));

        Assert.True(error.Message.Contains(path, StringComparison.Ordinal) || error.Message.Contains("context", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void FromFile_UnknownContext_ListsTheKnown()
    {
        var error = Assert.Throws<KubeConfigException>(() => KubeConfig.FromFile(Write("config", Config("{token: a}")), "nope"));

        Assert.Contains("It has: x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromFile_CredentialPlugin_ClearRefusal()
    {
        var error = Assert.Throws<KubeConfigException>(() => KubeConfig.FromFile(Write("config", Config("{exec: {command: aws}}"))));

        Assert.Contains("plug-in", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{client-certificate-data: '%%%', client-key-data: 'eA=='}")]
    [InlineData("{client-certificate-data: 'eA==', client-key-data: 'eA=='}")]
    [InlineData("{client-certificate-data: 'eA=='}")]
    [InlineData("{client-certificate: missing.crt, client-key: missing.key}")]
    public void FromFile_BadClientCertificate_TypedException(string user) =>
        Assert.Throws<KubeConfigException>(() => KubeConfig.FromFile(Write("config", Config(user))));

    [Fact]
    public void InCluster_TokenRotated_ReadAgainAfterAMinute()
    {
        var time = new ManualTime();
        Write("token", "one");
        using var ca = new TestPki();
        Write("ca.crt", ca.Pem);
        Write("namespace", "kube-system\n");
        var config = InClusterConfig.Load(_directory, name => name == "KUBERNETES_SERVICE_HOST" ? "fd00::1" : "6443", time);
        Assert.Equal(("https://[fd00::1]:6443/", "kube-system", "one"), (config.Server.AbsoluteUri, config.Namespace, config.Token!.Current()));

        Write("token", "two");
        Assert.Equal("one", config.Token.Current());
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", config.Token.Current());
        File.Delete(Path.Combine(_directory, "token"));
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", config.Token.Current());
    }

    [Fact]
    public void InCluster_NoServiceAccount_Explained() =>
        Assert.Throws<KubeConfigException>(() => InClusterConfig.Load(Path.Combine(_directory, "none"), _ => "1", TimeProvider.System));

    [Fact]
    public async Task Client_TlsWithOwnAuthorityAndClientCertificate_Mutual()
    {
        using var ca = new TestPki("test ca");
        using var server = ca.Issue("127.0.0.1");
        using var user = ca.Issue("admin");
        await using var api = await FakeApi.StartAsync(server, ClientCertificateMode.RequireCertificate);
        string? seen = null;
        api.Handler = context =>
        {
            seen = $"{context.Request.Protocol} {context.Connection.ClientCertificate?.Subject}";
            return FakeApi.Answer(context, 200, "{}");
        };
        var path = Write("config", $$"""
            current-context: x
            clusters: [{name: c, cluster: {server: "{{api.Address}}", certificate-authority-data: {{Base64(ca.Pem)}} } }]
            users: [{name: u, user: {client-certificate-data: {{Base64(user.ExportCertificatePem())}}, client-key-data: {{Base64(TestPki.KeyPem(user))}} } }]
            contexts: [{name: x, context: {cluster: c, user: u} } ]
            """);
        using var client = new KubeClient(KubeConfig.FromFile(path));
        await client.GetRawAsync("version", Cancellation);

        Assert.Equal("HTTP/2 CN=admin", seen);
    }

    [Fact]
    public async Task Client_ServerOfAnotherAuthority_Refused()
    {
        using var ca = new TestPki("test ca");
        using var other = new TestPki("other ca");
        using var server = other.Issue("127.0.0.1");
        await using var api = await FakeApi.StartAsync(server);
        using var client = new KubeClient(new() { Server = api.Address, CertificateAuthorities = [ca.Authority] });
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetRawAsync("version", Cancellation));

        Assert.True(error.IsUnreachable);
        Assert.Empty(api.Requests);
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    private static string Config(string user) => $$"""
        current-context: x
        clusters: [{name: c, cluster: {server: "https://s"} } ]
        users: [{name: u, user: {{user}} }]
        contexts: [{name: x, context: {cluster: c, user: u} } ]
        """;

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
