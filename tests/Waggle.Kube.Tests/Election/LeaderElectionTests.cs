using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Client;
using Waggle.Kube.Election;
using Waggle.Tests.Shared;

namespace Waggle.Kube.Tests.Election;

public sealed class LeaderElectionTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly Lock _gate = new();
    private FakeApi _api = null!;
    private KubeClient _client = null!;
    private JsonObject? _lease;
    private int _version;
    private bool _down;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _client = _api.Client(new() { Retries = 0 });
        _api.Handler = context =>
        {
            lock (_gate)
            {
                var (code, body) = Serve(context.Request.Method, _api.Bodies.Last());
                return FakeApi.Answer(context, code, body);
            }
        };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Run_Free_LeadsAndGivesBackOnStop()
    {
        using var stop = new CancellationTokenSource();
        var leading = new TaskCompletionSource();
        var run = Elector("a").RunAsync(async token =>
        {
            leading.SetResult();
            await Task.Delay(Timeout.Infinite, token);
        }, stop.Token);
        await leading.Task.WaitAsync(Cancellation);
        Assert.Equal("a", Holder());
        await stop.CancelAsync();

        Assert.True(await run);
        Assert.True(string.IsNullOrEmpty(Holder()));
    }

    [Fact]
    public async Task Run_HeldByAnother_TakesOverOnlyAfterExpiry()
    {
        _lease = new JsonObject { ["metadata"] = Meta(), ["spec"] = new JsonObject { ["holderIdentity"] = "other", ["leaseDurationSeconds"] = 15, ["leaseTransitions"] = 3 } };
        var start = _time.GetUtcNow();
        using var stop = new CancellationTokenSource();
        var leading = new TaskCompletionSource<TimeSpan>();
        var run = Elector("a").RunAsync(token =>
        {
            leading.SetResult(_time.GetUtcNow() - start);
            return Task.Delay(Timeout.Infinite, token);
        }, stop.Token);
        while (!leading.Task.IsCompleted)
        {
            await Task.WhenAny(_time.AdvanceToNextTimerAsync(Cancellation), leading.Task);
        }

        Assert.InRange(await leading.Task, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(40));
        Assert.Equal(4, (int)_lease!["spec"]!["leaseTransitions"]!);
        await stop.CancelAsync();
        Assert.True(await run);
    }

    [Fact]
    public async Task Run_ServerUnreachable_StopsLeadingBeforeOthersMayTakeOver()
    {
        using var stop = new CancellationTokenSource();
        var leading = new TaskCompletionSource();
        var ended = new TaskCompletionSource<DateTimeOffset>();
        var run = Elector("a").RunAsync(async token =>
        {
            leading.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                ended.SetResult(_time.GetUtcNow());
            }
        }, stop.Token);
        await leading.Task.WaitAsync(Cancellation);
        var since = _time.GetUtcNow();
        lock (_gate)
        {
            _down = true;
        }

        while (!ended.Task.IsCompleted)
        {
            await Task.WhenAny(_time.AdvanceToNextTimerAsync(Cancellation), ended.Task);
        }

        Assert.True(await ended.Task - since < LeaderElection.LeaseDuration);
        Assert.False(await run);
    }

    private LeaderElection Elector(string identity) => new(_client, "kube-system", "lock", identity, _time, NullLogger<LeaderElection>.Instance);

    private string? Holder()
    {
        lock (_gate)
        {
            return (string?)_lease?["spec"]?["holderIdentity"];
        }
    }

    private JsonObject Meta() => new() { ["name"] = "lock", ["namespace"] = "kube-system", ["resourceVersion"] = $"{++_version}" };

    private (int Code, string Body) Serve(string method, string body)
    {
        if (_down)
        {
            return (503, "{}");
        }

        if (method == "GET")
        {
            return _lease is null ? (404, """{"reason":"NotFound","code":404}""") : (200, _lease.ToJsonString());
        }

        var sent = JsonNode.Parse(body)!.AsObject();
        if (_lease is not null && (string?)sent["metadata"]!["resourceVersion"] != (string?)_lease["metadata"]!["resourceVersion"])
        {
            return (409, """{"reason":"Conflict","code":409}""");
        }

        sent["metadata"] = Meta();
        _lease = sent;
        return (200, _lease.ToJsonString());
    }
}
