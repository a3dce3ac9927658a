using System.Collections.Concurrent;
using Waggle.Lab.Controllers;
using Waggle.Tests.Shared;

namespace Waggle.Lab.Tests.Controllers;

public sealed class WorkQueueTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly WorkQueue<string> _queue;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public WorkQueueTests() => _queue = new(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    [Fact]
    public async Task Add_ManyTimesBeforeWork_WorkedOnOnce()
    {
        var done = new SemaphoreSlim(0);
        var work = 0;
        for (var i = 0; i < 10; i++)
        {
            _queue.Add("a");
        }

        _queue.Add("end");
        Run(1, key =>
        {
            work += key == "a" ? 1 : 0;
            if (key == "end")
            {
                done.Release();
            }

            return Task.CompletedTask;
        });
        await done.WaitAsync(Cancellation);

        Assert.Equal(1, work);
    }

    [Fact]
    public async Task Add_WhileBeingWorkedOn_WorkedOnAgainNeverAtTheSameTime()
    {
        var inside = 0;
        var worst = 0;
        var rounds = 0;
        var done = new TaskCompletionSource();
        Run(4, async _ =>
        {
            worst = Math.Max(worst, Interlocked.Increment(ref inside));
            if (++rounds < 20)
            {
                _queue.Add("a");
                await Task.Yield();
                _queue.Add("a");
            }

            Interlocked.Decrement(ref inside);
            if (rounds == 20)
            {
                done.TrySetResult();
            }
        });
        _queue.Add("a");
        await done.Task.WaitAsync(Cancellation);

        Assert.Equal(1, worst);
    }

    [Fact]
    public async Task Work_Fails_ComesBackWithGrowingWaits()
    {
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        var done = new TaskCompletionSource();
        Run(1, _ =>
        {
            attempts.Enqueue(_time.GetUtcNow());
            if (attempts.Count == 5)
            {
                done.SetResult();
                return Task.CompletedTask;
            }

            throw new InvalidOperationException("no");
        });
        _queue.Add("a");
        for (var i = 0; i < 4; i++)
        {
            await _time.AdvanceToNextTimerAsync(Cancellation);
        }

        await done.Task.WaitAsync(Cancellation);
        var times = attempts.ToArray();
        Assert.Equal([20, 40, 80, 160], times.Skip(1).Zip(times, (b, a) => (b - a).TotalMilliseconds));
    }

    [Fact]
    public async Task AddAfter_EarlierWishStands()
    {
        var at = new TaskCompletionSource<DateTimeOffset>();
        Run(1, _ =>
        {
            at.TrySetResult(_time.GetUtcNow());
            return Task.CompletedTask;
        });
        var start = _time.GetUtcNow();
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(3));
        _queue.AddAfter("a", TimeSpan.FromSeconds(7));
        await _time.AdvanceToNextTimerAsync(Cancellation);

        Assert.Equal(TimeSpan.FromSeconds(3), await at.Task.WaitAsync(Cancellation) - start);
    }

    private void Run(int workers, Func<string, Task> work) => _running = _queue.RunAsync(workers, (key, _) => work(key), (_, _) => { }, _stop.Token);
}
