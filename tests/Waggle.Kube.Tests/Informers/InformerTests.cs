using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Tests.Informers;

public sealed class InformerTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _lists = new();
    private readonly Channel<Func<HttpContext, Task>> _watches = Channel.CreateUnbounded<Func<HttpContext, Task>>();
    private readonly Channel<string> _changes = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource _stop = new();
    private FakeApi _api = null!;
    private KubeClient _client = null!;
    private Informer<Node> _informer = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _client = _api.Client(new() { Retries = 0 });
        _api.Handler = async context =>
        {
            if (context.Request.Query.ContainsKey("watch"))
            {
                var watch = await _watches.Reader.ReadAsync(context.RequestAborted);
                await watch(context);
            }
            else if (_lists.TryDequeue(out var list))
            {
                await list(context);
            }
            else
            {
                await FakeApi.Answer(context, 500, "{}");
            }
        };
        _informer = new(_client, KubeTypes.Nodes, new() { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(2) });
        _informer.OnChange(c => _changes.Writer.TryWrite($"{(c.Old is null ? "add" : c.New is null ? "delete" : "update")} {c.Object.Metadata.Name}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        await _api.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task Run_ListThenWatch_StoreAndHandlersFollow()
    {
        List("7", Node("a", 1), Node("b", 2));
        Watch(Hold, Event("MODIFIED", "a", 8), Event("DELETED", "b", 9), Event("ADDED", "c", 10));
        Start();
        await Expect("add a", "add b", "update a", "delete b", "add c");

        Assert.True(_informer.HasSynced);
        Assert.Equal(["a", "c"], _informer.Objects.Keys.Select(k => k.Name).Order());
        Assert.Contains(_api.Requests, r => r.Contains("resourceVersion=7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_WatchEnds_ResumesFromLastVersionIncludingBookmark()
    {
        List("7", Node("a", 1));
        Watch(End, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"33"}}}""");
        Watch(Hold, Event("ADDED", "b", 34));
        Start();
        await Expect("add a", "add b");

        Assert.Contains(_api.Requests, r => r.Contains("watch=true", StringComparison.Ordinal) && r.Contains("resourceVersion=33", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ConnectionCut_ResumesWithoutListing()
    {
        List("7", Node("a", 1));
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _informer.OnChange(c => { if (c.Object.Metadata.Name == "b") { arrived.TrySetResult(); } });
        // Cut only when the event is through: a reset throws away what the client has not read yet.
        Watch(async context =>
        {
            await arrived.Task;
            context.Abort();
        }, Event("ADDED", "b", 8));
        Watch(Hold, Event("ADDED", "c", 9));
        Start();
        await Expect("add a", "add b", "add c");

        Assert.Single(_api.Requests, r => !r.Contains("watch=true", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_VersionGone_ListsAgainAndDetectsDeletionsAndReplacements()
    {
        List("7", Node("gone", 1), Node("same", 2), Node("changed", 3), Node("replaced", 4, "uid-1"));
        Watch(End, """{"type":"ERROR","object":{"code":410,"reason":"Expired"}}""");
        List("50", Node("same", 2), Node("changed", 40), Node("replaced", 41, "uid-2"), Node("new", 42));
        Watch(Hold);
        Start();
        var first = await Take(4);
        Assert.Equal(["add changed", "add gone", "add replaced", "add same"], first.Order());
        var second = await Take(5);

        Assert.Equal(["add new", "add replaced", "delete gone", "delete replaced", "update changed"], second.Order());
        Assert.True(second.IndexOf("delete replaced") < second.IndexOf("add replaced"));
    }

    [Fact]
    public async Task Run_ServerDownAtFirst_SyncsLater()
    {
        _lists.Enqueue(context => FakeApi.Answer(context, 503, "{}"));
        _lists.Enqueue(context => FakeApi.Answer(context, 200, "not json"));
        List("7", Node("a", 1));
        Watch(Hold);
        Start();
        await _informer.Synced.WaitAsync(Cancellation);

        Assert.NotNull(_informer.Find(null, "a"));
    }

    [Fact]
    public async Task OnChange_AddedLate_SeesPresentObjects()
    {
        List("7", Node("a", 1));
        Watch(Hold);
        Start();
        await _informer.Synced.WaitAsync(Cancellation);
        var seen = new List<string?>();
        _informer.OnChange(c => seen.Add(c.New?.Metadata.Name));

        Assert.Equal(["a"], seen);
    }

    [Fact]
    public async Task Run_CancelledBeforeSync_SyncedIsCancelled()
    {
        Start();
        await _stop.CancelAsync();
        await _running;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _informer.Synced);
    }

    private static string Node(string name, int version, string uid = "u") => $$$"""{"metadata":{"name":"{{{name}}}","uid":"{{{uid}}}","resourceVersion":"{{{version}}}"}}""";

    private static string Event(string type, string name, int version) => $$$"""{"type":"{{{type}}}","object":{{{Node(name, version)}}}}""";

    private static Task Hold(HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    private static Task End(HttpContext context) => Task.CompletedTask;

    private void Start() => _running = _informer.RunAsync(_stop.Token);

    private void List(string version, params string[] items) =>
        _lists.Enqueue(context => FakeApi.Answer(context, 200, $$$"""{"metadata":{"resourceVersion":"{{{version}}}"},"items":[{{{string.Join(',', items)}}}]}"""));

    private void Watch(Func<HttpContext, Task> after, params string[] lines) => _watches.Writer.TryWrite(async context =>
    {
        await FakeApi.Lines(context, lines);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await after(context);
    });

    private async Task<List<string>> Take(int count)
    {
        var seen = new List<string>();
        while (seen.Count < count)
        {
            seen.Add(await _changes.Reader.ReadAsync(Cancellation));
        }

        return seen;
    }

    private async Task Expect(params string[] expected)
    {
        // The order inside one list is the dictionary's.
        var seen = await Take(expected.Length);
        Assert.Equal(expected.Order(), seen.Order());
    }
}
