using System.Diagnostics.CodeAnalysis;

namespace Waggle.State.Tables;

/// <summary>One table at one moment. Cheap to copy; enumerations never see later changes.</summary>
public readonly struct TableView<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private readonly TableState<TKey, TRow> _state;

    internal TableView(Table<TKey, TRow> table, TableState<TKey, TRow> state)
    {
        Table = table;
        _state = state;
    }

    public Table<TKey, TRow> Table { get; }

    public ulong Revision => _state.Revision;

    public int Count => _state.Count;

    public bool IsInitialized => _state.Pending.IsEmpty;

    public bool TryGet(TKey key, [NotNullWhen(true)] out TRow? row)
    {
        row = _state.Rows.TryGet(key, out var stored) ? stored.Row : null;
        return row is not null;
    }

    /// <summary>The row, or null.</summary>
    public TRow? Find(TKey key) => _state.Rows.TryGet(key, out var stored) ? stored.Row : null;

    /// <summary>Revision at which the row was written; 0 when there is none.</summary>
    public ulong RevisionOf(TKey key) => _state.Rows.TryGet(key, out var stored) ? stored.Revision : 0;

    /// <summary>All rows in key order.</summary>
    public IEnumerable<TRow> All() => _state.Rows.All().Select(r => r.Value.Row);

    /// <summary>Rows with a key not below <paramref name="key"/>, in key order.</summary>
    public IEnumerable<TRow> From(TKey key) => _state.Rows.From(key).Select(r => r.Value.Row);

    /// <summary>Rows with this key in the index, in order of the primary key.</summary>
    public IEnumerable<TRow> By<TIndex>(TableIndex<TKey, TRow, TIndex> index, TIndex value)
        where TIndex : notnull => index.Find(Tree(index), value).Select(s => s.Row);

    /// <summary>The first (for a unique index: the) row with this key in the index, or null.</summary>
    public TRow? FindBy<TIndex>(TableIndex<TKey, TRow, TIndex> index, TIndex value)
        where TIndex : notnull
    {
        foreach (var stored in index.Find(Tree(index), value))
        {
            return stored.Row;
        }

        return null;
    }

    /// <summary>Rows in the order of the index, from this key on.</summary>
    public IEnumerable<TRow> FromBy<TIndex>(TableIndex<TKey, TRow, TIndex> index, TIndex value)
        where TIndex : notnull => index.From(Tree(index), value).Select(s => s.Row);

    /// <summary>Rows written after <paramref name="revision"/>, oldest change first. Deletions are not in it; use a tracker for these.</summary>
    public IEnumerable<TRow> ChangedSince(ulong revision) => _state.ByRevision.From(revision + 1).Select(r => r.Value.Row);

    private object Tree(TableIndex<TKey, TRow> index) =>
        ReferenceEquals(index.Table, Table) ? _state.Indexes[index.Position] : throw new ArgumentException($"Index '{index.Name}' belongs to table '{index.Table.Name}', not '{Table.Name}'.");
}
