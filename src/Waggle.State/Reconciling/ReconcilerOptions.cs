namespace Waggle.State.Reconciling;

/// <summary>Behaviour of a reconciler.</summary>
public sealed record ReconcilerOptions
{
    /// <summary>Name in health, logs and the status table <c>TABLE-NAME</c>; e.g. <c>bpf</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Wait after a row's first failure; doubles with each further one.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Rows taken per round; statuses become visible once per round.</summary>
    public int RoundSize { get; init; } = 500;

    /// <summary>How often to prune after the first time; zero never again.</summary>
    public TimeSpan PruneInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often to update every row again, to repair what others broke; zero never.</summary>
    public TimeSpan RefreshInterval { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Counters since start and gauges. Reading is thread-safe.</summary>
public sealed class ReconcilerMetrics
{
    private long _updates;
    private long _deletes;
    private long _failures;
    private long _prunes;
    private long _pruneFailures;
    private long _retrying;
    private long _busyTicks;

    /// <summary>Successful updates.</summary>
    public long Updates => Interlocked.Read(ref _updates);

    /// <summary>Successful deletions.</summary>
    public long Deletes => Interlocked.Read(ref _deletes);

    /// <summary>Failed updates and deletions.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    public long Prunes => Interlocked.Read(ref _prunes);

    public long PruneFailures => Interlocked.Read(ref _pruneFailures);

    /// <summary>Rows that wait for another attempt now.</summary>
    public long Retrying => Interlocked.Read(ref _retrying);

    /// <summary>Time spent in the target.</summary>
    public TimeSpan Busy => TimeSpan.FromTicks(Interlocked.Read(ref _busyTicks));

    internal void CountSuccess(bool isDelete) => Interlocked.Increment(ref isDelete ? ref _deletes : ref _updates);

    internal void CountFailure() => Interlocked.Increment(ref _failures);

    internal void CountPrune(bool ok) => Interlocked.Increment(ref ok ? ref _prunes : ref _pruneFailures);

    internal void SetRetrying(int count) => Interlocked.Exchange(ref _retrying, count);

    internal void AddBusy(TimeSpan time) => Interlocked.Add(ref _busyTicks, time.Ticks);
}
