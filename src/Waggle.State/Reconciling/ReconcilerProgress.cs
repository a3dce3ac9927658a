namespace Waggle.State.Reconciling;

/// <summary>How far a reconciler has come, for those who wait for it.</summary>
internal sealed class ReconcilerProgress
{
    private readonly Lock _gate = new();
    private readonly List<(ulong Revision, TaskCompletionSource Done)> _waiters = [];
    private readonly TaskCompletionSource _pruned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<ulong, bool> _isDone = static revision => revision == 0;

    internal Task WaitAsync(ulong revision, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_isDone(revision))
            {
                return Task.CompletedTask;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((revision, done));
            return done.Task.WaitAsync(cancellation);
        }
    }

    internal Task WaitPrunedAsync(CancellationToken cancellation) => _pruned.Task.WaitAsync(cancellation);

    internal void Pruned() => _pruned.TrySetResult();

    /// <summary>Everything up to <paramref name="seen"/> was attempted; what failed waits in the queue.</summary>
    internal void Advance<TKey, TRow>(ulong seen, RetryQueue<TKey, TRow> retries)
        where TKey : notnull
        where TRow : class
    {
        // The queue belongs to the reconciler's loop, so its oldest revision is taken here rather than when somebody asks.
        var oldest = retries.OldestRevision;
        lock (_gate)
        {
            _isDone = revision => revision <= seen && revision < oldest;
            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_isDone(_waiters[i].Revision))
                {
                    _waiters[i].Done.TrySetResult();
                    _waiters.RemoveAt(i);
                }
            }
        }
    }
}
