using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Waggle.State.Trees;

namespace Waggle.State.Tables;

/// <summary>A table of immutable rows with a primary key and any number of secondary indexes.</summary>
/// <remarks>
/// Derive a class per table so that its indexes are properties, or use it as it is. Rows must never be changed after they
/// were handed in: replace them (<c>row with { … }</c>).
/// </remarks>
/// <typeparam name="TKey">Comparable, e.g. a number, a string (ordinal) or a value tuple; else pass a comparer.</typeparam>
/// <typeparam name="TRow">An immutable record.</typeparam>
public class Table<TKey, TRow> : Table
    where TKey : notnull
    where TRow : class
{
    private readonly IReadOnlyList<Column<TRow>> _columns;
    private readonly Func<TRow, JsonNode>? _json;
    private readonly List<TableIndex<TKey, TRow>> _indexes = [];

    /// <param name="db">Where the table lives; its name must be new there.</param>
    /// <param name="name">As in <c>waggle state NAME</c>.</param>
    /// <param name="key">The primary key of a row.</param>
    /// <param name="columns">How rows are shown.</param>
    /// <param name="json">A row as JSON; null makes an object of the columns' texts.</param>
    /// <param name="comparer">Order of the keys; null takes the natural (ordinal for strings).</param>
    /// <param name="maxTombstones">How many deletions are remembered for slow watchers before these must start over.</param>
    public Table(
        StateDb db, string name, Func<TRow, TKey> key, IReadOnlyList<Column<TRow>> columns, Func<TRow, JsonNode>? json = null, IComparer<TKey>? comparer = null, int maxTombstones = 65536)
        : base(db, name)
    {
        Key = key;
        _columns = columns;
        _json = json;
        Comparer = comparer ?? DefaultOrder.Of<TKey>();
        MaxTombstones = maxTombstones;
        ColumnNames = [.. columns.Select(c => c.Name)];
        Id = db.Register(this);
    }

    /// <summary>The primary key of a row.</summary>
    public Func<TRow, TKey> Key { get; }

    public override IReadOnlyList<string> ColumnNames { get; }

    /// <summary>The table now. For several tables at one moment use <see cref="StateDb.Read"/>.</summary>
    public TableView<TKey, TRow> View => Db.Read().View(this);

    internal IComparer<TKey> Comparer { get; }

    internal int MaxTombstones { get; }

    internal IReadOnlyList<TableIndex<TKey, TRow>> Indexes => _indexes;

    internal ChangeTrackers Trackers { get; } = new();

    /// <summary>Adds an index before the first row is written.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="keys">The row's keys in this index: none, one or several.</param>
    /// <param name="unique">No two rows may share a key.</param>
    /// <param name="comparer">Order of the index keys; null takes the natural (ordinal for strings).</param>
    public TableIndex<TKey, TRow, TIndex> AddIndex<TIndex>(string name, Func<TRow, IEnumerable<TIndex>> keys, bool unique = false, IComparer<TIndex>? comparer = null)
        where TIndex : notnull
    {
        lock (Gate)
        {
            if (Latest.Revision != 0)
            {
                throw new InvalidOperationException($"Index '{name}' of table '{Name}' must be added before the first row.");
            }

            var index = new TableIndex<TKey, TRow, TIndex>(this, name, _indexes.Count, keys, unique, comparer ?? DefaultOrder.Of<TIndex>());
            _indexes.Add(index);
            var state = (TableState<TKey, TRow>)Latest;
            Db.Publish([(Id, Copy(state, state.Indexes.Add(index.Empty)))]);
            return index;
        }
    }

    /// <summary>Adds an index with exactly one key per row.</summary>
    public TableIndex<TKey, TRow, TIndex> AddIndex<TIndex>(string name, Func<TRow, TIndex> key, bool unique = false, IComparer<TIndex>? comparer = null)
        where TIndex : notnull => AddIndex(name, row => [key(row)], unique, comparer);

    /// <summary>Writes one row in a transaction of its own.</summary>
    /// <returns>False when an equal row was there already.</returns>
    public bool Upsert(TRow row)
    {
        using var transaction = Db.Write(this);
        var changed = transaction.Upsert(this, row);
        transaction.Commit();
        return changed;
    }

    /// <summary>Deletes one row in a transaction of its own.</summary>
    /// <returns>False when it did not exist.</returns>
    public bool Delete(TKey key)
    {
        using var transaction = Db.Write(this);
        var deleted = transaction.Delete(this, key);
        transaction.Commit();
        return deleted;
    }

    /// <summary>A cursor over the changes; it starts with every present row. Dispose it, or deletions are remembered for it.</summary>
    public ChangeTracker<TKey, TRow> Track()
    {
        lock (Gate)
        {
            return new(this);
        }
    }

    /// <summary>The present rows and then every change, coalesced per row while the reader is busy, until cancelled. Bounded in memory.</summary>
    public async IAsyncEnumerable<ChangeBatch<TRow>> WatchAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var tracker = Track();
        while (true)
        {
            var batch = tracker.Next();
            if (batch.IsEmpty)
            {
                await tracker.WaitAsync(cancellation).ConfigureAwait(false);
                continue;
            }

            yield return batch;
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Completes when the condition holds; checked after every change.</summary>
    public async Task WaitForAsync(Func<TableView<TKey, TRow>, bool> condition, CancellationToken cancellation = default)
    {
        while (Db.Read() is var snapshot && !condition(snapshot.View(this)))
        {
            await snapshot.States[Id].Superseded.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public override IEnumerable<IReadOnlyList<string>> RenderRows() => View.All().Select(Cells);

    public override IEnumerable<JsonNode> RenderJson() => View.All().Select(Json);

    public override async IAsyncEnumerable<RenderedChange> WatchRenderedAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in WatchAsync(cancellation).ConfigureAwait(false))
        {
            if (batch.Reset)
            {
                yield return new(batch.Revision, false, true, [], null);
            }

            foreach (var change in batch.Changes)
            {
                yield return new(change.Revision, change.IsDeleted, false, Cells(change.Row), Json(change.Row));
            }
        }
    }

    internal override TableState EmptyState() => new TableState<TKey, TRow>
    {
        Revision = 0,
        Pending = [],
        Rows = BTree<TKey, Stored<TRow>>.Empty(Comparer),
        ByRevision = BTree<ulong, Stored<TRow>>.Empty(Comparer<ulong>.Default),
        Tombstones = BTree<ulong, Stored<TRow>>.Empty(Comparer<ulong>.Default),
        TombstoneOf = BTree<TKey, ulong>.Empty(Comparer),
        ForgottenDeletes = 0,
        Indexes = [],
    };

    internal override TableChange BeginChange() => new TableChange<TKey, TRow>(this);

    private static TableState<TKey, TRow> Copy(TableState<TKey, TRow> state, ImmutableArray<object> indexes) => new()
    {
        Revision = state.Revision,
        Pending = state.Pending,
        Rows = state.Rows,
        ByRevision = state.ByRevision,
        Tombstones = state.Tombstones,
        TombstoneOf = state.TombstoneOf,
        ForgottenDeletes = state.ForgottenDeletes,
        Indexes = indexes,
    };

    private IReadOnlyList<string> Cells(TRow row) => [.. _columns.Select(c => c.Text(row))];

    private JsonNode Json(TRow row)
    {
        if (_json is not null)
        {
            return _json(row);
        }

        var result = new JsonObject();
        foreach (var column in _columns)
        {
            result[column.Name] = column.Text(row);
        }

        return result;
    }
}

internal static class DefaultOrder
{
    internal static IComparer<T> Of<T>()
    {
        if (typeof(T) == typeof(string))
        {
            return (IComparer<T>)(object)StringComparer.Ordinal;
        }

        return typeof(IComparable<T>).IsAssignableFrom(typeof(T)) || typeof(IComparable).IsAssignableFrom(typeof(T))
            ? Comparer<T>.Default
            : throw new ArgumentException($"{typeof(T).Name} has no natural order: implement IComparable<{typeof(T).Name}> or pass a comparer.");
    }
}
