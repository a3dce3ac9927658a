using Waggle.State.Trees;

namespace Waggle.State.Tables;

/// <summary>A secondary index; obtain it from <see cref="Table{TKey,TRow}.AddIndex{TIndex}(string, Func{TRow, TIndex}, bool, IComparer{TIndex}?)"/>.</summary>
public abstract class TableIndex<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private protected TableIndex(Table<TKey, TRow> table, string name, int position)
    {
        Table = table;
        Name = name;
        Position = position;
    }

    public Table<TKey, TRow> Table { get; }

    public string Name { get; }

    internal int Position { get; }

    internal abstract object Empty { get; }

    internal abstract IndexChange<TKey, TRow> BeginChange(object tree);
}

/// <summary>A secondary index with keys of type <typeparamref name="TIndex"/>.</summary>
public sealed class TableIndex<TKey, TRow, TIndex> : TableIndex<TKey, TRow>
    where TKey : notnull
    where TRow : class
    where TIndex : notnull
{
    private readonly Func<TRow, IEnumerable<TIndex>> _keys;
    private readonly IComparer<TIndex> _order;
    private readonly Order _comparer;

    internal TableIndex(Table<TKey, TRow> table, string name, int position, Func<TRow, IEnumerable<TIndex>> keys, bool unique, IComparer<TIndex> order)
        : base(table, name, position)
    {
        _keys = keys;
        _order = order;
        _comparer = new(order, table.Comparer);
        IsUnique = unique;
    }

    public bool IsUnique { get; }

    internal override object Empty => BTree<Entry, Stored<TRow>>.Empty(_comparer);

    internal override IndexChange<TKey, TRow> BeginChange(object tree) => new Change(this, ((BTree<Entry, Stored<TRow>>)tree).ToBuilder());

    internal IEnumerable<Stored<TRow>> Find(object tree, TIndex value)
    {
        foreach (var (entry, stored) in ((BTree<Entry, Stored<TRow>>)tree).From(Entry.Before(value)))
        {
            if (_order.Compare(entry.Value, value) != 0)
            {
                yield break;
            }

            yield return stored;
        }
    }

    internal IEnumerable<Stored<TRow>> From(object tree, TIndex value) =>
        ((BTree<Entry, Stored<TRow>>)tree).From(Entry.Before(value)).Select(e => e.Value);

    private readonly record struct Entry(TIndex Value, TKey Key, bool IsBefore)
    {
        /// <summary>Sorts before every row with this index key.</summary>
        internal static Entry Before(TIndex value) => new(value, default!, true);
    }

    private sealed class Order(IComparer<TIndex> values, IComparer<TKey> keys) : IComparer<Entry>
    {
        public int Compare(Entry x, Entry y)
        {
            var byValue = values.Compare(x.Value, y.Value);
            if (byValue != 0)
            {
                return byValue;
            }

            return x.IsBefore || y.IsBefore ? y.IsBefore.CompareTo(x.IsBefore) : keys.Compare(x.Key, y.Key);
        }
    }

    private sealed class Change(TableIndex<TKey, TRow, TIndex> index, BTree<Entry, Stored<TRow>>.Builder tree) : IndexChange<TKey, TRow>
    {
        internal override object Freeze() => tree.Freeze();

        internal override object ToImmutable() => tree.ToImmutable();

        internal override void Check(TKey key, TRow row)
        {
            if (!index.IsUnique)
            {
                return;
            }

            foreach (var value in index._keys(row))
            {
                foreach (var holder in index.Find(tree.Freeze(), value))
                {
                    var holderKey = index.Table.Key(holder.Row);
                    if (index.Table.Comparer.Compare(holderKey, key) != 0)
                    {
                        throw new UniqueIndexException(index.Table.Name, index.Name, value.ToString() ?? "", holderKey.ToString() ?? "", key.ToString() ?? "");
                    }
                }
            }
        }

        internal override void Remove(TKey key, TRow row)
        {
            foreach (var value in index._keys(row))
            {
                tree.Remove(new(value, key, false));
            }
        }

        internal override void Add(TKey key, Stored<TRow> stored)
        {
            foreach (var value in index._keys(stored.Row))
            {
                tree.Set(new(value, key, false), stored);
            }
        }
    }
}

/// <summary>An index inside a write transaction.</summary>
internal abstract class IndexChange<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    internal abstract object Freeze();

    internal abstract object ToImmutable();

    /// <exception cref="UniqueIndexException">Another row holds one of the row's keys.</exception>
    internal abstract void Check(TKey key, TRow row);

    internal abstract void Remove(TKey key, TRow row);

    internal abstract void Add(TKey key, Stored<TRow> stored);
}

/// <summary>A row was refused because another row holds its key in a unique index. The transaction can go on without it.</summary>
public sealed class UniqueIndexException(string table, string index, string value, string holder, string offender)
    : Exception($"Table '{table}': row '{offender}' cannot have {index} '{value}', row '{holder}' has it.")
{
    public string Table { get; } = table;

    public string Index { get; } = index;

    /// <summary>Key of the row that holds the index key.</summary>
    public string Holder { get; } = holder;
}
