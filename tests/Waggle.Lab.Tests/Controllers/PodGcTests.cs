using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Lab.Controllers;
using Waggle.Lab.Controllers.GarbageCollection;
using Waggle.Lab.Tests.ApiServer;

namespace Waggle.Lab.Tests.Controllers;

public sealed class PodGcTests : IAsyncLifetime
{
    private readonly ServerFixture _server = new();
    private readonly CancellationTokenSource _stop = new();
    private KubeClient _client = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new(KubeConfig.FromFile(_server.Kubeconfig));
        var context = new ControllerContext(_client, NullLoggerFactory.Instance);
        var gc = new PodGc(context, quarantine: TimeSpan.FromMilliseconds(50));
        _running = Task.WhenAll(context.RunInformersAsync(_stop.Token), gc.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task Pod_OnANodeThatDoesNotExist_RemovedWithoutItsKubelet()
    {
        await _server.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"real"}}""");
        await PodAsync("lost", "nowhere");
        await PodAsync("kept", "real");
        await GoneAsync("lost");

        Assert.NotNull(await _client.TryGetAsync(KubeTypes.Pods, "default", "kept", Cancellation));
    }

    [Fact]
    public async Task Pod_NodeIsDeletedLater_Removed()
    {
        await _server.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n"}}""");
        await PodAsync("a", "n");
        await _client.DeleteAsync(KubeTypes.Nodes, null, "n", cancellation: Cancellation);

        await GoneAsync("a");
    }

    [Fact]
    public async Task Pod_UnscheduledWithFinalizerEnding_GoesWhenTheFinalizerDoes()
    {
        await PodAsync("a", null);
        await _client.PatchAsync(KubeTypes.Pods, "default", "a", KubePatch.Merge(new() { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray("example.com/hold") } }), cancellation: Cancellation);
        await _client.DeleteAsync(KubeTypes.Pods, "default", "a", cancellation: Cancellation);
        Assert.NotNull(await _client.TryGetAsync(KubeTypes.Pods, "default", "a", Cancellation));
        await _client.PatchAsync(KubeTypes.Pods, "default", "a", KubePatch.Merge(new() { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } }), cancellation: Cancellation);

        await GoneAsync("a");
    }

    private Task PodAsync(string name, string? node) => _server.CreateAsync(
        "/api/v1/namespaces/default/pods",
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{{(node is null ? "" : $"\"nodeName\":\"{node}\",")}}}"containers":[{"name":"c","image":"netshoot"}]}}""");

    private async Task GoneAsync(string name)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(50));
        while (await _client.TryGetAsync(KubeTypes.Pods, "default", name, limit.Token) is not null)
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
