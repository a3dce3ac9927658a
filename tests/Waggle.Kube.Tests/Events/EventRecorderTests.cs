using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Resources;
using Waggle.Tests.Shared;

namespace Waggle.Kube.Tests.Events;

public sealed class EventRecorderTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private FakeApi _api = null!;
    private KubeClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _client = _api.Client(new() { Retries = 0 });
        _api.Handler = context => FakeApi.Answer(context, 200, context.Request.Method == "POST" ? _api.Bodies.Last() : "{}");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Record_SameWordsAgain_CountsInsteadOfCreating()
    {
        var recorder = new EventRecorder(_client, "tests", "node-1", _time);
        var about = new ObjectReference { Kind = "Pod", Namespace = "ns", Name = "a", Uid = "u" };
        await recorder.WarningAsync(about, "Bad", "broken", Cancellation);
        _time.Advance(TimeSpan.FromSeconds(1));
        await recorder.WarningAsync(about, "Bad", "broken", Cancellation);
        await recorder.WarningAsync(about, "Bad", "otherwise broken", Cancellation);

        Assert.Equal(["POST", "PATCH", "POST"], _api.Requests.Select(r => r.Split(' ')[0]));
        Assert.Equal(2, (int)JsonNode.Parse(_api.Bodies.ElementAt(1))!["count"]!);
        var first = JsonNode.Parse(_api.Bodies.First())!;
        Assert.Equal("ns", (string?)first["metadata"]!["namespace"]);
        Assert.Equal("tests", (string?)first["source"]!["component"]);
    }

    [Fact]
    public async Task Record_ClusterScopedObject_InDefaultNamespace()
    {
        await new EventRecorder(_client, "tests").NormalAsync(new() { Kind = "Node", Name = "n" }, "Ready", "is ready", Cancellation);

        Assert.StartsWith("POST /api/v1/namespaces/default/events", _api.Requests.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_ServerRefuses_CountedNotThrown()
    {
        _api.Handler = context => FakeApi.Answer(context, 403, "{}");
        var recorder = new EventRecorder(_client, "tests");
        await recorder.NormalAsync(new() { Kind = "Node", Name = "n" }, "Ready", "is ready", Cancellation);

        Assert.Equal(1, recorder.Lost);
    }
}
