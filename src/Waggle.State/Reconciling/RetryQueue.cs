using Waggle.State.Tables;

namespace Waggle.State.Reconciling;

/// <summary>Rows whose last attempt failed, by the time of their next. At most one entry per key.</summary>
internal sealed class RetryQueue<TKey, TRow>(ReconcilerOptions options, IComparer<TKey> order)
    where TKey : notnull
    where TRow : class
{
    private readonly SortedDictionary<TKey, Retry> _byKey = new(order);
    private readonly PriorityQueue<(TKey Key, long Serial), long> _due = new();
    private long _serial;

    internal int Count => _byKey.Count;

    /// <summary>Timestamp of the next attempt; null when nothing waits.</summary>
    internal long? NextDue
    {
        get
        {
            DropStale();
            return _due.TryPeek(out _, out var at) ? at : null;
        }
    }

    /// <summary>The lowest revision that still waits; the highest number when nothing does.</summary>
    internal ulong OldestRevision => _byKey.Count == 0 ? ulong.MaxValue : _byKey.Values.Min(r => r.Change.Revision);

    /// <summary>Failed attempts so far.</summary>
    internal int Attempts(TKey key) => _byKey.TryGetValue(key, out var retry) ? retry.Attempts : 0;

    internal string FirstError => _byKey.Values.Select(r => r.Error).FirstOrDefault() ?? "";

    internal int Add(TKey key, Change<TRow> change, string error, long now)
    {
        var attempts = Attempts(key) + 1;
        var factor = Math.Pow(2, Math.Min(attempts - 1, 30));
        var wait = Math.Min(options.MinBackoff.Ticks * factor, options.MaxBackoff.Ticks);
        var at = now + (long)(wait * options.Time.TimestampFrequency / TimeSpan.TicksPerSecond);
        _byKey[key] = new(change, attempts, error, ++_serial);
        _due.Enqueue((key, _serial), at);
        return attempts;
    }

    /// <summary>The row succeeded, or something newer replaces the attempt.</summary>
    internal void Remove(TKey key) => _byKey.Remove(key);

    internal List<Change<TRow>> TakeDue(long now, int limit)
    {
        var result = new List<Change<TRow>>();
        DropStale();
        while (result.Count < limit && _due.TryPeek(out var entry, out var at) && at <= now)
        {
            _due.Dequeue();
            result.Add(_byKey[entry.Key].Change);
            DropStale();
        }

        return result;
    }

    private void DropStale()
    {
        while (_due.TryPeek(out var entry, out _) && (!_byKey.TryGetValue(entry.Key, out var retry) || retry.Serial != entry.Serial))
        {
            _due.Dequeue();
        }
    }

    private sealed record Retry(Change<TRow> Change, int Attempts, string Error, long Serial);
}
