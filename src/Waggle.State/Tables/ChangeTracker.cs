namespace Waggle.State.Tables;

/// <param name="Row">The row now, or as it was last.</param>
/// <param name="Revision">Table revision of the change.</param>
/// <param name="IsDeleted">The row is gone.</param>
public readonly record struct Change<TRow>(TRow Row, ulong Revision, bool IsDeleted);

/// <param name="Reset">The reader fell too far behind: forget everything known; all present rows follow.</param>
/// <param name="Changes">In order of revision, at most one per row.</param>
/// <param name="Revision">Everything up to this table revision has been delivered.</param>
public sealed record ChangeBatch<TRow>(bool Reset, IReadOnlyList<Change<TRow>> Changes, ulong Revision)
{
    public bool IsEmpty => !Reset && Changes.Count == 0;
}

/// <summary>A cursor over a table's changes. One reader at a time.</summary>
/// <remarks>Changes are looked up, not queued: a slow reader costs no memory per change, and sees only the newest state of each row.</remarks>
public sealed class ChangeTracker<TKey, TRow> : IDisposable
    where TKey : notnull
    where TRow : class
{
    private readonly Table<TKey, TRow> _table;
    private readonly TrackerMark _mark;
    private readonly ulong _createdAt;
    private ulong _revision;

    internal ChangeTracker(Table<TKey, TRow> table)
    {
        _table = table;
        _createdAt = table.Latest.Revision;
        _mark = table.Trackers.Add(_createdAt);
    }

    /// <summary>Everything up to this table revision has been delivered.</summary>
    public ulong Revision => _revision;

    /// <summary>Changes since the last call, possibly none.</summary>
    /// <param name="limit">At most about this many.</param>
    public ChangeBatch<TRow> Next(int limit = 1000)
    {
        var state = (TableState<TKey, TRow>)_table.Latest;
        var seenDeletes = Math.Max(_revision, _createdAt);
        var reset = state.ForgottenDeletes > seenDeletes;
        if (reset)
        {
            _revision = 0;
            seenDeletes = state.Revision;
        }

        if (!reset && state.Revision == _revision)
        {
            return new(false, [], _revision);
        }

        var changes = new List<Change<TRow>>();
        using var rows = state.ByRevision.From(_revision + 1).GetEnumerator();
        using var deleted = state.Tombstones.From(seenDeletes + 1).GetEnumerator();
        var hasRow = rows.MoveNext();
        var hasDeleted = deleted.MoveNext();
        // A reset is delivered whole: a second batch could not tell what the first left out.
        while ((hasRow || hasDeleted) && (reset || changes.Count < limit))
        {
            if (hasRow && (!hasDeleted || rows.Current.Key < deleted.Current.Key))
            {
                changes.Add(new(rows.Current.Value.Row, rows.Current.Key, false));
                hasRow = rows.MoveNext();
            }
            else
            {
                changes.Add(new(deleted.Current.Value.Row, deleted.Current.Key, true));
                hasDeleted = deleted.MoveNext();
            }
        }

        _revision = hasRow || hasDeleted ? changes[^1].Revision : state.Revision;
        _mark.Seen = Math.Max(_revision, _createdAt);
        return new(reset, changes, _revision);
    }

    /// <summary>Completes when there is something for <see cref="Next"/>.</summary>
    public Task WaitAsync(CancellationToken cancellation = default) => _table.WaitForChangeAsync(_revision, cancellation);

    public void Dispose() => _table.Trackers.Remove(_mark);
}

/// <summary>How far a tracker has read.</summary>
internal sealed class TrackerMark
{
    private ulong _seen;

    internal ulong Seen
    {
        get => Volatile.Read(ref _seen);
        set => Volatile.Write(ref _seen, value);
    }
}

/// <summary>The trackers of a table; tells which deletions must be remembered.</summary>
internal sealed class ChangeTrackers
{
    private readonly Lock _gate = new();
    private readonly List<TrackerMark> _marks = [];

    internal bool Any
    {
        get
        {
            lock (_gate)
            {
                return _marks.Count > 0;
            }
        }
    }

    internal ulong SeenByAll
    {
        get
        {
            lock (_gate)
            {
                return _marks.Count == 0 ? ulong.MaxValue : _marks.Min(m => m.Seen);
            }
        }
    }

    internal TrackerMark Add(ulong seen)
    {
        var mark = new TrackerMark { Seen = seen };
        lock (_gate)
        {
            _marks.Add(mark);
        }

        return mark;
    }

    internal void Remove(TrackerMark mark)
    {
        lock (_gate)
        {
            _marks.Remove(mark);
        }
    }
}
