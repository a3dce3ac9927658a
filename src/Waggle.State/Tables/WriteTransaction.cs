namespace Waggle.State.Tables;

/// <summary>Changes to one or several tables that become visible together. Use on one thread, without waiting inside.</summary>
public sealed class WriteTransaction : IDisposable
{
    private readonly StateDb _db;
    private readonly Table[] _tables;
    private readonly TableChange?[] _changes;
    private bool _open = true;

    internal WriteTransaction(StateDb db, Table[] tables)
    {
        _db = db;
        _tables = tables;
        _changes = new TableChange?[tables.Length];
        foreach (var table in tables)
        {
            if (table.Gate.IsHeldByCurrentThread)
            {
                throw new InvalidOperationException($"This thread already has a transaction on table '{table.Name}'.");
            }
        }

        foreach (var table in tables)
        {
            table.Gate.Enter();
        }
    }

    /// <summary>The table with this transaction's changes in it; valid until the next change.</summary>
    public TableView<TKey, TRow> View<TKey, TRow>(Table<TKey, TRow> table)
        where TKey : notnull
        where TRow : class => Change(table).View();

    /// <summary>Inserts or replaces a row; an equal row is left as it is.</summary>
    /// <returns>False when an equal row was there.</returns>
    /// <exception cref="UniqueIndexException">Another row holds its key in a unique index; nothing was changed.</exception>
    public bool Upsert<TKey, TRow>(Table<TKey, TRow> table, TRow row)
        where TKey : notnull
        where TRow : class => Change(table).Upsert(row);

    /// <summary>Replaces a row only if it is still the one written at <paramref name="revision"/> (0: only if there is none).</summary>
    /// <returns>False when the row has changed since.</returns>
    public bool CompareAndSwap<TKey, TRow>(Table<TKey, TRow> table, ulong revision, TRow row)
        where TKey : notnull
        where TRow : class
    {
        var change = Change(table);
        if (change.View().RevisionOf(table.Key(row)) != revision)
        {
            return false;
        }

        change.Upsert(row);
        return true;
    }

    /// <summary>Deletes a row.</summary>
    /// <returns>False when there was none.</returns>
    public bool Delete<TKey, TRow>(Table<TKey, TRow> table, TKey key)
        where TKey : notnull
        where TRow : class => Change(table).Delete(key);

    /// <summary>
    /// Makes one source's part of a table equal to <paramref name="rows"/>: writes what differs and deletes the rows for which
    /// <paramref name="owned"/> holds and which are not among them.
    /// </summary>
    public void Replace<TKey, TRow>(Table<TKey, TRow> table, IEnumerable<TRow> rows, Func<TRow, bool>? owned = null)
        where TKey : notnull
        where TRow : class
    {
        var change = Change(table);
        var keep = new SortedSet<TKey>(table.Comparer);
        var wanted = rows.ToList();
        foreach (var row in wanted)
        {
            keep.Add(table.Key(row));
        }

        // Deletions first, so that a unique index key can move from a row that goes to one that comes.
        foreach (var row in change.View().All().Where(r => owned?.Invoke(r) != false && !keep.Contains(table.Key(r))).ToList())
        {
            change.Delete(table.Key(row));
        }

        foreach (var row in wanted)
        {
            change.Upsert(row);
        }
    }

    /// <summary>Marks a source as complete together with the rows of this transaction. Idempotent.</summary>
    public void Complete(TableInitializer initializer) => Change(initializer.Table).Complete(initializer.Name);

    /// <summary>Publishes everything. The transaction ends.</summary>
    public void Commit()
    {
        EnsureOpen();
        var published = new List<(int Table, TableState State)>(_tables.Length);
        var superseded = new List<TableState>(_tables.Length);
        for (var i = 0; i < _tables.Length; i++)
        {
            if (_changes[i]?.Finish() is { } state)
            {
                superseded.Add(_tables[i].Latest);
                published.Add((_tables[i].Id, state));
            }
        }

        if (published.Count > 0)
        {
            _db.Publish(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(published));
        }

        Dispose();
        foreach (var state in superseded)
        {
            state.Superseded.TrySetResult();
        }
    }

    /// <summary>Ends the transaction; without a commit nothing has happened.</summary>
    public void Dispose()
    {
        if (!_open)
        {
            return;
        }

        _open = false;
        for (var i = _tables.Length - 1; i >= 0; i--)
        {
            _tables[i].Gate.Exit();
        }
    }

    internal string AddPending(Table table, string source) => Change(table).AddPending(source);

    private TableChange Change(Table table)
    {
        EnsureOpen();
        var index = Array.IndexOf(_tables, table);
        return index < 0
            ? throw new InvalidOperationException($"Table '{table.Name}' is not part of this transaction.")
            : _changes[index] ??= table.BeginChange();
    }

    private TableChange<TKey, TRow> Change<TKey, TRow>(Table<TKey, TRow> table)
        where TKey : notnull
        where TRow : class => (TableChange<TKey, TRow>)Change((Table)table);

    private void EnsureOpen()
    {
        if (!_open)
        {
            throw new InvalidOperationException("The transaction has ended.");
        }
    }
}
