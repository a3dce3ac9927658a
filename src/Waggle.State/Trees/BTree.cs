namespace Waggle.State.Trees;

/// <summary>An immutable sorted map: a B+ tree whose nodes are shared between versions. O(log n) for everything but enumeration.</summary>
/// <remarks>Wide nodes keep an entry near 20 bytes and a lookup near log32(n) node visits, where a binary tree would need 56 bytes and log2(n).</remarks>
internal sealed class BTree<TKey, TValue>
{
    internal BTree(BTreeNode<TKey, TValue> root, int count, IComparer<TKey> comparer)
    {
        Root = root;
        Count = count;
        Comparer = comparer;
    }

    internal int Count { get; }

    internal IComparer<TKey> Comparer { get; }

    internal BTreeNode<TKey, TValue> Root { get; }

    internal static BTree<TKey, TValue> Empty(IComparer<TKey> comparer) => new(BTreeNode<TKey, TValue>.EmptyLeaf, 0, comparer);

    internal bool TryGet(TKey key, out TValue value) => TryGet(Root, Comparer, key, out value);

    private static bool TryGet(BTreeNode<TKey, TValue> node, IComparer<TKey> comparer, TKey key, out TValue value)
    {
        while (!node.IsLeaf)
        {
            node = node.Children![node.ChildOf(key, comparer)];
        }

        var index = node.Find(key, comparer);
        if (index < 0)
        {
            value = default!;
            return false;
        }

        value = node.Values![index];
        return true;
    }

    /// <summary>Entries in key order.</summary>
    internal IEnumerable<KeyValuePair<TKey, TValue>> All() => Enumerate(default!, false);

    /// <summary>Entries with a key not below <paramref name="key"/>, in order.</summary>
    internal IEnumerable<KeyValuePair<TKey, TValue>> From(TKey key) => Enumerate(key, true);

    internal Builder ToBuilder() => new(this);

    private IEnumerable<KeyValuePair<TKey, TValue>> Enumerate(TKey from, bool bounded)
    {
        var path = new Stack<(BTreeNode<TKey, TValue> Node, int Next)>();
        var node = Root;
        while (!node.IsLeaf)
        {
            var child = bounded ? node.ChildOf(from, Comparer) : 0;
            path.Push((node, child + 1));
            node = node.Children![child];
        }

        var start = 0;
        if (bounded)
        {
            start = node.Find(from, Comparer);
            start = start < 0 ? ~start : start;
        }

        while (true)
        {
            for (var i = start; i < node.Count; i++)
            {
                yield return new(node.Keys[i], node.Values![i]);
            }

            start = 0;
            while (path.Count > 0 && path.Peek().Next == path.Peek().Node.Count)
            {
                path.Pop();
            }

            if (path.Count == 0)
            {
                yield break;
            }

            var (inner, next) = path.Pop();
            path.Push((inner, next + 1));
            node = inner.Children![next];
            while (!node.IsLeaf)
            {
                path.Push((node, 1));
                node = node.Children![0];
            }
        }
    }

    /// <summary>A mutable version: nodes made by this builder are changed in place, shared ones are copied first. Not thread-safe.</summary>
    internal sealed class Builder
    {
        private readonly IComparer<TKey> _comparer;
        private BTree<TKey, TValue>? _frozen;
        private BTreeNode<TKey, TValue> _root;
        private object _owner = new();
        private int _count;

        internal Builder(BTree<TKey, TValue> tree)
        {
            _frozen = tree;
            _root = tree.Root;
            _count = tree.Count;
            _comparer = tree.Comparer;
        }

        internal int Count => _count;

        internal bool TryGet(TKey key, out TValue value) => BTree<TKey, TValue>.TryGet(_root, _comparer, key, out value);

        internal void Set(TKey key, TValue value)
        {
            _frozen = null;
            _root = _root.Set(key, value, _comparer, _owner, out var sibling, out var added);
            if (sibling is not null)
            {
                _root = BTreeNode<TKey, TValue>.Inner(_owner, _root, sibling);
            }

            _count += added ? 1 : 0;
        }

        internal bool Remove(TKey key)
        {
            var next = _root.Remove(key, _comparer, _owner, out var removed);
            if (!removed)
            {
                return false;
            }

            _frozen = null;
            while (next is { IsLeaf: false, Count: 1 })
            {
                next = next.Children![0];
            }

            _root = next;
            _count--;
            return true;
        }

        /// <summary>The present content; further changes do not touch it.</summary>
        internal BTree<TKey, TValue> ToImmutable()
        {
            _owner = new();
            return Freeze();
        }

        /// <summary>A view that is valid only until the next change.</summary>
        internal BTree<TKey, TValue> Freeze() => _frozen ??= new(_root, _count, _comparer);
    }
}
