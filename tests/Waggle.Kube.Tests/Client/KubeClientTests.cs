using System.Net;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Tests.Client;

public sealed class KubeClientTests : IAsyncLifetime
{
    private FakeApi _api = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _api = await FakeApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Get_Pod_ReadsRecordAndSendsToken()
    {
        string? authorization = null;
        _api.Handler = context =>
        {
            authorization = context.Request.Headers.Authorization;
            return FakeApi.Answer(context, 200, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ns"},"status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]}}""");
        };
        using var client = _api.Client(token: new StaticToken("secret"));
        var pod = await client.GetAsync(KubeTypes.Pods, "ns", "a", Cancellation);

        Assert.Equal("10.0.0.1", pod.Status.Ip);
        Assert.Equal("Bearer secret", authorization);
        Assert.Equal(["GET /api/v1/namespaces/ns/pods/a"], _api.Requests);
    }

    [Fact]
    public async Task Get_NotFound_StatusInException()
    {
        using var client = _api.Client();
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync(KubeTypes.Pods, "ns", "a", Cancellation));

        Assert.True(error.IsNotFound);
        Assert.Equal("NotFound", error.Reason);
        Assert.Contains("nothing here", error.Message, StringComparison.Ordinal);
        Assert.Contains("GET /api/v1/namespaces/ns/pods/a", error.Message, StringComparison.Ordinal);
        Assert.Null(await client.TryGetAsync(KubeTypes.Pods, "ns", "a", Cancellation));
        Assert.False(await client.TryDeleteAsync(KubeTypes.Pods, "ns", "a", cancellation: Cancellation));
    }

    [Fact]
    public async Task Get_ErrorIsPlainText_MessageCarriesIt()
    {
        _api.Handler = context => FakeApi.Answer(context, 403, "proxy says no");
        using var client = _api.Client();
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync(KubeTypes.Nodes, null, "a", Cancellation));

        Assert.Equal(HttpStatusCode.Forbidden, error.StatusCode);
        Assert.Contains("proxy says no", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(500)]
    [InlineData(429)]
    public async Task Get_ServerFailsTwice_Repeated(int code)
    {
        var calls = 0;
        _api.Handler = context => ++calls < 3 ? FakeApi.Answer(context, code, "{}") : FakeApi.Answer(context, 200, """{"metadata":{"name":"a"}}""");
        using var client = _api.Client();
        await client.GetAsync(KubeTypes.Nodes, null, "a", Cancellation);

        Assert.Equal(3, calls);
    }

    [Theory]
    [InlineData(503, 1)]
    [InlineData(429, 2)]
    public async Task Create_ServerFails_RepeatedOnlyWhenCertainlyNotDone(int code, int expectedCalls)
    {
        var calls = 0;
        _api.Handler = context => ++calls < 2 ? FakeApi.Answer(context, code, "{}") : FakeApi.Answer(context, 201, "{}");
        using var client = _api.Client();
        var create = client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = "a", Namespace = "ns" } }, cancellation: Cancellation);
        await Record.ExceptionAsync(() => create);

        Assert.Equal(expectedCalls, calls);
    }

    [Fact]
    public async Task Create_ConnectionCutAfterSending_NotRepeated()
    {
        _api.Handler = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        using var client = _api.Client();
        var error = await Assert.ThrowsAsync<KubeApiException>(() =>
            client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = "a", Namespace = "ns" } }, cancellation: Cancellation));

        Assert.True(error.IsUnreachable);
        Assert.Single(_api.Requests);
    }

    [Fact]
    public async Task Get_NothingListens_UnreachableWithAdvice()
    {
        using var client = new KubeClient(new KubeConfig { Server = new("http://127.0.0.1:1") }, new() { Retries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) });
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync(KubeTypes.Nodes, null, "a", Cancellation));

        Assert.True(error.IsUnreachable);
        Assert.Contains("kubeconfig", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Record_FillsKindAndOmitsEmptyParts()
    {
        _api.Handler = context => FakeApi.Answer(context, 201, "{}");
        using var client = _api.Client(new() { FieldManager = "tests" });
        await client.CreateAsync(KubeTypes.Pods, new Pod { Metadata = new() { Name = "a", Namespace = "ns", Labels = new Dictionary<string, string> { ["k"] = "v" } } }, cancellation: Cancellation);

        Assert.Equal(["POST /api/v1/namespaces/ns/pods?fieldManager=tests"], _api.Requests);
        Assert.Equal("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ns","labels":{"k":"v"}}}""", _api.Bodies.Single());
    }

    [Fact]
    public async Task Apply_Untyped_ServerSideApplyRequest()
    {
        string? contentType = null;
        _api.Handler = context =>
        {
            contentType = context.Request.ContentType;
            return FakeApi.Answer(context, 200, "{}");
        };
        using var client = _api.Client();
        var type = ResourceType.Untyped("apps", "v1", "deployments", "Deployment", true);
        await client.ApplyAsync(type, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "d", ["namespace"] = "ns" } }, "me", cancellation: Cancellation);

        Assert.Equal("application/apply-patch+yaml", contentType);
        Assert.Equal(["PATCH /apis/apps/v1/namespaces/ns/deployments/d?fieldManager=me&force=true"], _api.Requests);
        Assert.Contains("\"kind\":\"Deployment\"", _api.Bodies.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Pages_JoinedAndSelectorsEscaped()
    {
        _api.Handler = context => context.Request.Query.ContainsKey("continue")
            ? FakeApi.Answer(context, 200, """{"metadata":{"resourceVersion":"8"},"items":[{"metadata":{"name":"b"}}]}""")
            : FakeApi.Answer(context, 200, """{"metadata":{"resourceVersion":"7","continue":"x y"},"items":[{"metadata":{"name":"a"}}]}""");
        using var client = _api.Client();
        var list = await client.ListAsync(KubeTypes.Pods, null, new() { LabelSelector = "a in (b,c)", FieldSelector = "spec.nodeName=n", PageSize = 1 }, Cancellation);

        Assert.Equal(["a", "b"], list.Items.Select(p => p.Metadata.Name));
        Assert.Equal("8", list.ResourceVersion);
        Assert.Equal("GET /api/v1/pods?labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=spec.nodeName%3Dn&limit=1", _api.Requests.First());
    }

    [Fact]
    public async Task List_ContinueTokenExpired_StartsAgainWithoutPages()
    {
        _api.Handler = context => context.Request.Query.ContainsKey("continue")
            ? FakeApi.Answer(context, 410, """{"reason":"Expired","code":410}""")
            : context.Request.Query.ContainsKey("limit")
                ? FakeApi.Answer(context, 200, """{"metadata":{"resourceVersion":"1","continue":"x"},"items":[{"metadata":{"name":"a"}}]}""")
                : FakeApi.Answer(context, 200, """{"metadata":{"resourceVersion":"2"},"items":[{"metadata":{"name":"b"}}]}""");
        using var client = _api.Client();
        var list = await client.ListAsync(KubeTypes.Nodes, cancellation: Cancellation);

        Assert.Equal("b", Assert.Single(list.Items).Metadata.Name);
    }

    [Fact]
    public async Task Delete_Options_InBody()
    {
        _api.Handler = context => FakeApi.Answer(context, 200, "{}");
        using var client = _api.Client();
        await client.DeleteAsync(KubeTypes.Pods, "ns", "a", new() { GracePeriodSeconds = 0, Propagation = Propagation.Foreground, Uid = "u" }, Cancellation);

        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"propagationPolicy":"Foreground","preconditions":{"uid":"u"}}""", _api.Bodies.Single());
    }

    [Fact]
    public void Path_NamespacedTypeWithoutNamespace_Refused() => Assert.Throws<ArgumentException>(() => KubeTypes.Pods.Path(null, "a"));

    [Fact]
    public void Path_HostileName_Escaped() => Assert.Equal("api/v1/namespaces/a%2Fb/pods/..%2Fx", KubeTypes.Pods.Path("a/b", "../x"));

    [Fact]
    public async Task Get_NotJson_ReportedWithRequest()
    {
        _api.Handler = context => FakeApi.Answer(context, 200, "<html>");
        using var client = _api.Client();
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync(KubeTypes.Nodes, null, "a", Cancellation));

        Assert.Contains("GET /api/v1/nodes/a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_NoAnswerWithinLimit_TimesOut()
    {
        _api.Handler = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        using var client = _api.Client(new() { Retries = 0, RequestTimeout = TimeSpan.FromMilliseconds(50) });
        var error = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync(KubeTypes.Nodes, null, "a", Cancellation));

        Assert.True(error.IsUnreachable);
    }
}
