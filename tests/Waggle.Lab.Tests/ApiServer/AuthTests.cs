using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class AuthTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private async Task<HttpStatusCode> GetAsync(string path, string? token)
    {
        using var client = server.Client(token);
        using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/livez", HttpStatusCode.OK)]
    [InlineData("/version", HttpStatusCode.OK)]
    [InlineData("/api", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/pods", HttpStatusCode.Unauthorized)]
    [InlineData("/openapi/v3", HttpStatusCode.Unauthorized)]
    public async Task Anonymous_MayReadHealthOnly(string path, HttpStatusCode expected) => Assert.Equal(expected, await GetAsync(path, null));

    [Theory]
    [InlineData("wrong")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    public async Task Token_ThatIsNotOurs_IsRefused(string token) => Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync("/healthz", token));

    [Fact]
    public async Task Certificate_NamesUserAndGroups()
    {
        Assert.Equal("system:node:n1", await WhoAsync(server.Pki.IssueKubelet("n1")));
        Assert.Equal("kubernetes-admin", await WhoAsync(server.Pki.IssueAdmin()));
    }

    [Fact]
    public async Task Certificate_OfAnotherAuthority_IsRefused()
    {
        var directory = Directory.CreateTempSubdirectory("wgt-pki-").FullName;
        using var other = ClusterPki.LoadOrCreate(directory, []);
        Assert.Null(await WhoAsync(other.IssueAdmin()));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task ServiceAccountToken_IsIssuedUsedAndDiesWithItsAccount()
    {
        const string accounts = "/api/v1/namespaces/default/serviceaccounts";
        await server.CreateAsync(accounts, """{"metadata":{"name":"robot"}}""");
        var answer = await server.CreateAsync(accounts + "/robot/token", """{"spec":{"expirationSeconds":3600}}""");
        var token = J.Show(J.At(answer, "status", "token"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/api/v1", token));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("/api/v1/namespaces/default/pods", token));
        using var client = server.Client(token);
        using var content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", content, TestContext.Current.CancellationToken);
        var review = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("system:serviceaccount:default:robot", J.Show(J.At(review, "status", "userInfo", "username")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync("/api", token[..^4] + "AAAA"));
        await server.SendAsync("DELETE", accounts + "/robot");
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync("/api", token));
        Assert.Equal(422, (await server.SendAsync("POST", accounts + "/robot/token", """{"spec":{"expirationSeconds":5}}""")).Code is 404 or 422 ? 422 : 0);
    }

    [Fact]
    public async Task ServiceAccountToken_ThatHasExpired_IsRefused()
    {
        var time = new LateTime();
        await using var fixture = new ServerFixture { Configure = o => o with { Time = time } };
        await fixture.InitializeAsync();
        await fixture.CreateAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        var answer = await fixture.CreateAsync("/api/v1/namespaces/default/serviceaccounts/robot/token", """{"spec":{"expirationSeconds":600}}""");
        using var client = fixture.Client(J.Show(J.At(answer, "status", "token")));
        using var good = await client.GetAsync("/api", TestContext.Current.CancellationToken);
        time.Offset = TimeSpan.FromMinutes(11);
        using var late = await client.GetAsync("/api", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (good.StatusCode, late.StatusCode));
    }

    [Fact]
    public void PrivateFiles_AreReadableByTheirOwnerOnly()
    {
        foreach (var file in Directory.GetFiles(server.Pki.DirectoryPath).Append(server.Kubeconfig))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public void Pki_WithNewNames_RenewsTheServerCertificateOnly()
    {
        var directory = Directory.CreateTempSubdirectory("wgt-pki-").FullName;
        using var first = ClusterPki.LoadOrCreate(directory, ["10.0.0.1"]);
        using var same = ClusterPki.LoadOrCreate(directory, ["10.0.0.1"]);
        using var more = ClusterPki.LoadOrCreate(directory, ["10.0.0.1", "lab.example"]);
        Assert.Equal(first.ServerCertificate.Thumbprint, same.ServerCertificate.Thumbprint);
        Assert.NotEqual(first.ServerCertificate.Thumbprint, more.ServerCertificate.Thumbprint);
        Assert.Equal((first.CaPem, first.AdminToken), (more.CaPem, more.AdminToken));
        Directory.Delete(directory, recursive: true);
    }

    private async Task<string?> WhoAsync(ClientCredential credential)
    {
        using var certificate = X509Certificate2.CreateFromPem(credential.CertificatePem, credential.KeyPem);
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [certificate] } };
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://{server.Host.Addresses[0]}") };
        using var content = new StringContent("{}", MediaTypeHeaderValue.Parse("application/json"));
        using var response = await client.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", content, TestContext.Current.CancellationToken);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return J.Text(J.At(body, "status", "userInfo", "username"));
    }

    private sealed class LateTime : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
