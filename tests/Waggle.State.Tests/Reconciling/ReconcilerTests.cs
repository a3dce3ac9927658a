using Waggle.State.Health;
using Waggle.State.Reconciling;
using Waggle.State.Tables;
using Waggle.State.Tests.Tables;
using Waggle.Tests.Shared;

namespace Waggle.State.Tests.Reconciling;

public sealed class ReconcilerTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly StateDb _db = new();
    private readonly ItemTable _table;
    private readonly FaultyTarget _target = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly HealthRegistry _health;
    private Task _running = Task.CompletedTask;

    public ReconcilerTests()
    {
        _table = new(_db);
        _health = new(_db, _time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    [Fact]
    public async Task Update_FailsRepeatedly_BackoffDoublesUpToMaximum()
    {
        var reconciler = Start(new() { Name = "t", Time = _time, PruneInterval = TimeSpan.Zero, MinBackoff = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromSeconds(5) });
        _target.Fail("update 1", 5);
        _table.Upsert(new(1, "a"));

        var waits = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            waits.Add((await _time.AdvanceToNextTimerAsync(Cancellation)).TotalSeconds);
        }

        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        Assert.Equal([1, 2, 4, 5, 5], waits);
        Assert.Equal(5, reconciler.Metrics.Failures);
        Assert.Equal(1, reconciler.Metrics.Updates);
        Assert.Equal(ReconcileState.Done, reconciler.Status.View.Find(1)!.State);
    }

    [Fact]
    public async Task Update_OneRowFails_OthersGoThroughAndHealthNamesIt()
    {
        var reconciler = Start();
        _target.Fail("update 2", int.MaxValue);
        for (var i = 1; i <= 3; i++)
        {
            _table.Upsert(new(i, "a"));
        }

        await StatusAsync(reconciler, s => s.Count == 3);
        await _health.Table.WaitForAsync(v => v.Find("reconciler/items/t")?.Level == HealthLevel.Degraded, Cancellation);
        Assert.Equal([1, 3], _target.Content.Select(i => i.Id));
        Assert.Contains("update 2", _health.Table.View.Find("reconciler/items/t")!.Message, StringComparison.Ordinal);
        Assert.Equal(ReconcileState.Failed, reconciler.Status.View.Find(2)!.State);
        Assert.Equal(HealthLevel.Degraded, _health.Overall);
    }

    [Fact]
    public async Task Update_RowChangesDuringOperation_StaleOutcomeIsDropped()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _target.Before = async operation =>
        {
            if (operation == "update 1" && entered.TrySetResult())
            {
                await release.Task;
            }
        };
        var reconciler = Start();
        using var statuses = reconciler.Status.Track();
        _table.Upsert(new(1, "old"));
        await entered.Task.WaitAsync(Cancellation);
        _table.Upsert(new(1, "new"));
        release.SetResult();
        await reconciler.WaitUntilAsync(cancellation: Cancellation);

        Assert.Equal("new", Assert.Single(_target.Content).Group);
        Assert.Equal(2UL, reconciler.Status.View.Find(1)!.Revision);
        Assert.DoesNotContain(statuses.Next().Changes, c => c.Row.Revision == 1);
    }

    [Fact]
    public async Task Delete_FailsThenRowComesBack_DeletionIsForgotten()
    {
        var reconciler = Start();
        _table.Upsert(new(1, "a"));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        _target.Fail("delete 1", int.MaxValue);
        _table.Delete(1);
        await StatusAsync(reconciler, s => s.Find(1)?.State == ReconcileState.DeleteFailed);
        _table.Upsert(new(1, "b"));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);

        Assert.Equal("b", Assert.Single(_target.Content).Group);
        Assert.Equal(ReconcileState.Done, reconciler.Status.View.Find(1)!.State);
        Assert.Equal(0, reconciler.Metrics.Retrying);
    }

    [Fact]
    public async Task Prune_SourcesNotSynchronised_Waits()
    {
        _target.Plant(new(9, "left over"));
        var source = _table.RegisterInitializer("api");
        var reconciler = Start();
        _table.Upsert(new(1, "a"));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        reconciler.Prune();
        _table.Upsert(new(2, "a"));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        Assert.Contains(_target.Content, i => i.Id == 9);
        Assert.False(reconciler.HasPruned);

        source.Complete();
        await reconciler.WaitPrunedAsync(Cancellation);
        Assert.Equal([1, 2], _target.Content.Select(i => i.Id));
    }

    [Fact]
    public async Task Prune_Fails_TriedAgainWithBackoff()
    {
        _target.Plant(new(9, "left over"));
        _target.Fail("prune", 2);
        var reconciler = Start();
        await _time.AdvanceToNextTimerAsync(Cancellation);
        await _time.AdvanceToNextTimerAsync(Cancellation);
        await reconciler.WaitPrunedAsync(Cancellation);

        Assert.Empty(_target.Content);
        Assert.Equal(["prune FAILS", "prune FAILS", "prune"], _target.Log);
        Assert.Equal(2, reconciler.Metrics.PruneFailures);
    }

    [Fact]
    public async Task Refresh_TargetLostARow_Repaired()
    {
        var reconciler = Start(new() { Name = "t", Time = _time, PruneInterval = TimeSpan.Zero, RefreshInterval = TimeSpan.FromMinutes(1) });
        _table.Upsert(new(1, "a"));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        _target.Plant(new(1, "broken by somebody"));
        while (_target.Content[0].Group != "a")
        {
            await _time.AdvanceToNextTimerAsync(Cancellation);
        }

        Assert.True(_time.GetUtcNow() >= new DateTimeOffset(2026, 1, 1, 0, 1, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task WaitUntil_RowKeepsFailing_DoesNotComplete()
    {
        var reconciler = Start();
        _target.Fail("update 1", int.MaxValue);
        _table.Upsert(new(1, "a"));
        var first = reconciler.WaitUntilAsync(1, Cancellation);
        _table.Upsert(new(2, "a"));
        await StatusAsync(reconciler, s => s.Count == 2);

        Assert.False(first.IsCompleted);
        _table.Delete(1);
        await first;
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
    }

    [Fact]
    public async Task Run_ManyRowsAndWritersAndRandomFaults_ConvergesToTheTable()
    {
        var random = new Random(5);
        var gate = new Lock();
        _target.Before = operation =>
        {
            lock (gate)
            {
                if (random.Next(4) == 0)
                {
                    _target.Fail(operation, 1);
                }
            }

            return Task.CompletedTask;
        };
        var reconciler = Start(new() { Name = "t", MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(2), RoundSize = 10 });
        await Task.WhenAll(Enumerable.Range(0, 3).Select(w => Task.Run(() =>
        {
            var local = new Random(w);
            for (var i = 0; i < 500; i++)
            {
                if (local.Next(3) == 0)
                {
                    _table.Delete(local.Next(50));
                }
                else
                {
                    _table.Upsert(new(local.Next(50), $"w{w}", Value: i));
                }
            }
        }, Cancellation)));
        await reconciler.WaitUntilAsync(cancellation: Cancellation);

        Assert.Equal(_table.View.All(), _target.Content);
        Assert.Equal(_table.View.All().Select(i => (i.Id, _table.View.RevisionOf(i.Id), ReconcileState.Done)), reconciler.Status.View.All().Select(s => (s.Key, s.Revision, s.State)));
    }

    [Fact]
    public async Task Batch_SomeEntriesFail_OnlyTheseAreRetried()
    {
        var batch = new BatchTarget();
        var reconciler = new Reconciler<int, Item>(_table, batch, new() { Name = "b", Time = _time, PruneInterval = TimeSpan.Zero });
        for (var i = 0; i < 4; i++)
        {
            _table.Upsert(new(i, "a"));
        }

        _running = reconciler.RunAsync(_stop.Token);
        await _time.AdvanceToNextTimerAsync(Cancellation);
        await reconciler.WaitUntilAsync(cancellation: Cancellation);
        Assert.Equal(["0,1,2,3", "1,3"], batch.Calls);
    }

    private Task StatusAsync(Reconciler<int, Item> reconciler, Func<TableView<int, ReconcileStatus<int>>, bool> condition) => reconciler.Status.WaitForAsync(condition, Cancellation);

    private Reconciler<int, Item> Start(ReconcilerOptions? options = null)
    {
        var reconciler = new Reconciler<int, Item>(_table, _target, options ?? new() { Name = "t", Time = _time, PruneInterval = TimeSpan.Zero }, _health);
        _running = reconciler.RunAsync(_stop.Token);
        return reconciler;
    }

    private sealed class BatchTarget : IBatchReconcilerTarget<Item>
    {
        internal List<string> Calls { get; } = [];

        public ValueTask ApplyAsync(Snapshot snapshot, IReadOnlyList<BatchEntry<Item>> entries, CancellationToken cancellation)
        {
            Calls.Add(string.Join(',', entries.Select(e => e.Row.Id)));
            if (Calls.Count == 1)
            {
                foreach (var entry in entries.Where(e => e.Row.Id % 2 == 1))
                {
                    entry.Error = new InvalidOperationException("odd");
                }
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask UpdateAsync(Snapshot snapshot, Item row, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask DeleteAsync(Snapshot snapshot, Item row, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<Item> desired, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}
