namespace Waggle.Tests.Shared;

/// <summary>A clock that only a test moves, so that nothing in a test waits for real time.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource _armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state, period);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires what became due, in order.</summary>
    internal void Advance(TimeSpan by)
    {
        var target = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.Due <= target).MinBy(t => t.Due);
                _now = next is null ? target : next.Due > _now ? next.Due : _now;
                if (next is not null)
                {
                    next.Rearm();
                }
            }

            if (next is null)
            {
                return;
            }

            next.Fire();
        }
    }

    /// <summary>Waits until somebody has a timer, then moves the clock exactly to the earliest and fires it.</summary>
    /// <returns>How far the clock moved.</returns>
    internal async Task<TimeSpan> AdvanceToNextTimerAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task armed;
            TimeSpan? wait = null;
            lock (_gate)
            {
                armed = _armed.Task;
                if (_timers.MinBy(t => t.Due) is { } next)
                {
                    wait = next.Due - _now;
                }
            }

            if (wait is { } by)
            {
                Advance(by < TimeSpan.Zero ? TimeSpan.Zero : by);
                return by;
            }

            await armed.WaitAsync(cancellation);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state, TimeSpan period) : ITimer
    {
        private TimeSpan _period = period;

        internal DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            TaskCompletionSource armed;
            lock (time._gate)
            {
                time._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    return true;
                }

                Due = time._now + dueTime;
                time._timers.Add(this);
                armed = time._armed;
                time._armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            armed.TrySetResult();
            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        internal void Rearm()
        {
            time._timers.Remove(this);
            if (_period != Timeout.InfiniteTimeSpan && _period != TimeSpan.Zero)
            {
                Due += _period;
                time._timers.Add(this);
            }
        }

        internal void Fire() => callback(state);
    }
}
