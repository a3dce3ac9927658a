using System.Collections.Immutable;
using Waggle.State.Trees;

namespace Waggle.State.Tables;

/// <summary>One table inside a write transaction.</summary>
internal abstract class TableChange
{
    internal abstract string AddPending(string source);

    internal abstract void Complete(string source);

    /// <summary>The new version, or null when nothing changed.</summary>
    internal abstract TableState? Finish();
}

internal sealed class TableChange<TKey, TRow> : TableChange
    where TKey : notnull
    where TRow : class
{
    private readonly Table<TKey, TRow> _table;
    private readonly TableState<TKey, TRow> _base;
    private readonly BTree<TKey, Stored<TRow>>.Builder _rows;
    private readonly BTree<ulong, Stored<TRow>>.Builder _byRevision;
    private readonly BTree<ulong, Stored<TRow>>.Builder _tombstones;
    private readonly BTree<TKey, ulong>.Builder _tombstoneOf;
    private readonly IndexChange<TKey, TRow>[] _indexes;
    private ImmutableArray<string> _pending;
    private ulong _revision;
    private ulong _forgotten;

    internal TableChange(Table<TKey, TRow> table)
    {
        _table = table;
        _base = (TableState<TKey, TRow>)table.Latest;
        _rows = _base.Rows.ToBuilder();
        _byRevision = _base.ByRevision.ToBuilder();
        _tombstones = _base.Tombstones.ToBuilder();
        _tombstoneOf = _base.TombstoneOf.ToBuilder();
        _indexes = [.. table.Indexes.Select(i => i.BeginChange(_base.Indexes[i.Position]))];
        _pending = _base.Pending;
        _revision = _base.Revision;
        _forgotten = _base.ForgottenDeletes;
    }

    internal TableView<TKey, TRow> View() => new(_table, State(_rows.Freeze(), _byRevision.Freeze(), _tombstones.Freeze(), _tombstoneOf.Freeze(), [.. _indexes.Select(i => i.Freeze())]));

    internal bool Upsert(TRow row)
    {
        var key = _table.Key(row);
        _rows.TryGet(key, out var old);
        if (old is not null && (ReferenceEquals(old.Row, row) || EqualityComparer<TRow>.Default.Equals(old.Row, row)))
        {
            return false;
        }

        // All checks before the first change, so that a refused row leaves no trace.
        foreach (var index in _indexes)
        {
            index.Check(key, row);
        }

        var stored = new Stored<TRow>(row, ++_revision);
        if (old is not null)
        {
            _byRevision.Remove(old.Revision);
        }
        else if (_tombstoneOf.TryGet(key, out var buried))
        {
            // The row came back: watchers that missed the deletion see only the new row.
            _tombstones.Remove(buried);
            _tombstoneOf.Remove(key);
        }

        foreach (var index in _indexes)
        {
            if (old is not null)
            {
                index.Remove(key, old.Row);
            }

            index.Add(key, stored);
        }

        _rows.Set(key, stored);
        _byRevision.Set(stored.Revision, stored);
        return true;
    }

    internal bool Delete(TKey key)
    {
        if (!_rows.TryGet(key, out var old))
        {
            return false;
        }

        _rows.Remove(key);
        _byRevision.Remove(old.Revision);
        foreach (var index in _indexes)
        {
            index.Remove(key, old.Row);
        }

        _revision++;
        if (_table.Trackers.Any)
        {
            _tombstones.Set(_revision, new(old.Row, _revision));
            _tombstoneOf.Set(key, _revision);
        }

        return true;
    }

    internal override string AddPending(string source)
    {
        var name = source;
        for (var i = 2; _pending.Contains(name); i++)
        {
            name = $"{source}-{i}";
        }

        _pending = _pending.Add(name);
        return name;
    }

    internal override void Complete(string source) => _pending = _pending.Remove(source);

    internal override TableState? Finish()
    {
        if (_revision == _base.Revision && _pending == _base.Pending)
        {
            return null;
        }

        BuryOld();
        return State(_rows.ToImmutable(), _byRevision.ToImmutable(), _tombstones.ToImmutable(), _tombstoneOf.ToImmutable(), [.. _indexes.Select(i => i.ToImmutable())]);
    }

    /// <summary>Forgets deletions that every tracker has seen, and the oldest ones when a slow tracker let too many pile up.</summary>
    private void BuryOld()
    {
        if (_tombstones.Count == 0)
        {
            return;
        }

        var seen = _table.Trackers.SeenByAll;
        var surplus = _tombstones.Count > _table.MaxTombstones ? _tombstones.Count - (_table.MaxTombstones / 2) : 0;
        var drop = new List<KeyValuePair<ulong, Stored<TRow>>>();
        foreach (var tombstone in _tombstones.Freeze().All())
        {
            if (tombstone.Key > seen && drop.Count >= surplus)
            {
                break;
            }

            drop.Add(tombstone);
            if (tombstone.Key > seen)
            {
                _forgotten = tombstone.Key;
            }
        }

        foreach (var (revision, stored) in drop)
        {
            _tombstones.Remove(revision);
            _tombstoneOf.Remove(_table.Key(stored.Row));
        }
    }

    private TableState<TKey, TRow> State(
        BTree<TKey, Stored<TRow>> rows, BTree<ulong, Stored<TRow>> byRevision, BTree<ulong, Stored<TRow>> tombstones, BTree<TKey, ulong> tombstoneOf, ImmutableArray<object> indexes) => new()
    {
        Revision = _revision,
        Pending = _pending,
        Rows = rows,
        ByRevision = byRevision,
        Tombstones = tombstones,
        TombstoneOf = tombstoneOf,
        ForgottenDeletes = _forgotten,
        Indexes = indexes,
    };
}
