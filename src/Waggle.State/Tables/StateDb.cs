namespace Waggle.State.Tables;

/// <summary>A set of tables with consistent snapshots over all of them.</summary>
/// <remarks>
/// Reads never lock: a snapshot is one reference. A write transaction locks the tables it names, in a fixed order, and
/// publishes all its changes at once.
/// </remarks>
public sealed class StateDb
{
    private readonly Lock _gate = new();
    private readonly List<Table> _tables = [];
    private Snapshot _current;

    public StateDb() => _current = new(this, []);

    /// <summary>All tables by name.</summary>
    public IReadOnlyList<Table> Tables
    {
        get
        {
            lock (_gate)
            {
                return [.. _tables.OrderBy(t => t.Name, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The table of this name, or null.</summary>
    public Table? Find(string name) => Tables.FirstOrDefault(t => t.Name == name);

    /// <summary>The present state of every table, consistent and unchanging.</summary>
    public Snapshot Read() => Volatile.Read(ref _current);

    /// <summary>
    /// Opens a write transaction on the tables and blocks until no other holds them. Dispose it on the same thread; without
    /// <see cref="WriteTransaction.Commit"/> nothing happens. Do no waiting inside.
    /// </summary>
    public WriteTransaction Write(params ReadOnlySpan<Table> tables)
    {
        var ordered = tables.ToArray();
        Array.Sort(ordered, static (a, b) => a.Id.CompareTo(b.Id));
        return new(this, ordered);
    }

    internal int Register(Table table)
    {
        lock (_gate)
        {
            if (_tables.Any(t => t.Name == table.Name))
            {
                throw new InvalidOperationException($"There is already a table '{table.Name}'.");
            }

            _tables.Add(table);
            Volatile.Write(ref _current, new(this, [.. _current.States, table.EmptyState()]));
            return _tables.Count - 1;
        }
    }

    internal void Publish(ReadOnlySpan<(int Table, TableState State)> changes)
    {
        lock (_gate)
        {
            var states = _current.States.ToArray();
            foreach (var (table, state) in changes)
            {
                states[table] = state;
            }

            Volatile.Write(ref _current, new(this, states));
        }
    }
}

/// <summary>All tables at one moment.</summary>
public sealed class Snapshot
{
    internal Snapshot(StateDb db, TableState[] states)
    {
        Db = db;
        States = states;
    }

    internal StateDb Db { get; }

    internal TableState[] States { get; }

    /// <summary>One table at this moment.</summary>
    public TableView<TKey, TRow> View<TKey, TRow>(Table<TKey, TRow> table)
        where TKey : notnull
        where TRow : class => new(table, (TableState<TKey, TRow>)States[table.Id]);
}
