using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;

namespace Waggle.Kube.Tests.Informers;

public sealed class InformerSetTests
{
    private const string Empty = """{"metadata":{"resourceVersion":"1"},"items":[]}""";

    private readonly TaskCompletionSource _secondTry = new(TaskCreationOptions.RunContinuationsAsynchronously), _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tries;

    [Fact]
    public async Task Run_OneOfTwoRefused_StatusNamesIt_AndTheSetIsSyncedWithTheLast()
    {
        await using var api = await FakeApi.StartAsync();
        api.Handler = AnswerAsync;
        using var client = api.Client(new() { Retries = 0 });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(60));
        var set = new InformerSet(client, new() { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(2) }, NullLoggerFactory.Instance);
        var pods = set.Add(KubeTypes.Pods);
        set.Add(KubeTypes.Nodes, new() { MinBackoff = TimeSpan.FromMilliseconds(1), FieldSelector = "metadata.name=a" }, "node");
        var running = set.RunAsync(stop.Token);

        await pods.Synced.WaitAsync(stop.Token);
        await _secondTry.Task.WaitAsync(stop.Token);
        Assert.False(set.Synced.IsCompleted);
        Assert.Equal([("pods", true, false), ("node", false, true)], set.Status.Select(s => (s.Name, s.Synced, s.Error.Contains("not now", StringComparison.Ordinal))));
        Assert.Contains(api.Requests, request => request.StartsWith("GET /api/v1/nodes?", StringComparison.Ordinal) && request.Contains("fieldSelector=", StringComparison.Ordinal));

        _goOn.SetResult();
        await set.Synced.WaitAsync(stop.Token);
        Assert.Equal([new("pods", true, ""), new InformerStatus("node", true, "")], set.Status);
        await stop.CancelAsync();
        await running;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        else if (context.Request.Path.Value!.EndsWith("/nodes", StringComparison.Ordinal) && Interlocked.Increment(ref _tries) == 1)
        {
            await FakeApi.Answer(context, 403, """{"kind":"Status","code":403,"reason":"Forbidden","message":"not now"}""");
        }
        else
        {
            if (context.Request.Path.Value.EndsWith("/nodes", StringComparison.Ordinal))
            {
                _secondTry.TrySetResult();
                await _goOn.Task.WaitAsync(context.RequestAborted);
            }

            await FakeApi.Answer(context, 200, Empty);
        }
    }
}
