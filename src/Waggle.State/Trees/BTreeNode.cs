namespace Waggle.State.Trees;

/// <summary>A node of a <see cref="BTree{TKey,TValue}"/>. In an inner node, <c>Keys[i]</c> is not above any key under <c>Children[i]</c>, and above all under <c>Children[i-1]</c>.</summary>
internal sealed class BTreeNode<TKey, TValue>
{
    internal const int Max = 32;
    private const int MergeBelow = 12;

    internal static readonly BTreeNode<TKey, TValue> EmptyLeaf = new(new object(), [], [], null, 0);

    private readonly object _owner;

    private BTreeNode(object owner, TKey[] keys, TValue[]? values, BTreeNode<TKey, TValue>[]? children, int count)
    {
        _owner = owner;
        Keys = keys;
        Values = values;
        Children = children;
        Count = count;
    }

    internal TKey[] Keys { get; private set; }

    internal TValue[]? Values { get; private set; }

    internal BTreeNode<TKey, TValue>[]? Children { get; private set; }

    internal int Count { get; private set; }

    internal bool IsLeaf => Children is null;

    internal static BTreeNode<TKey, TValue> Inner(object owner, BTreeNode<TKey, TValue> left, BTreeNode<TKey, TValue> right)
    {
        var node = new BTreeNode<TKey, TValue>(owner, new TKey[Max], null, new BTreeNode<TKey, TValue>[Max], 2);
        (node.Keys[0], node.Keys[1]) = (left.Keys[0], right.Keys[0]);
        (node.Children![0], node.Children[1]) = (left, right);
        return node;
    }

    /// <summary>Index of the key, or the complement of where it would go.</summary>
    internal int Find(TKey key, IComparer<TKey> comparer) => Array.BinarySearch(Keys, 0, Count, key, comparer);

    /// <summary>The child under which the key is or would be.</summary>
    internal int ChildOf(TKey key, IComparer<TKey> comparer)
    {
        var index = Find(key, comparer);
        return index >= 0 ? index : Math.Max(~index - 1, 0);
    }

    /// <summary>Inserts or replaces; a full node splits and hands out its right half.</summary>
    internal BTreeNode<TKey, TValue> Set(TKey key, TValue value, IComparer<TKey> comparer, object owner, out BTreeNode<TKey, TValue>? sibling, out bool added)
    {
        var node = Own(owner);
        if (node.IsLeaf)
        {
            var index = node.Find(key, comparer);
            added = index < 0;
            sibling = null;
            if (!added)
            {
                node.Keys[index] = key;
                node.Values![index] = value;
                return node;
            }

            sibling = node.MakeRoom(~index, owner, out var target, out var at);
            target.Keys[at] = key;
            target.Values![at] = value;
            return node;
        }

        var child = node.ChildOf(key, comparer);
        node.Children![child] = node.Children[child].Set(key, value, comparer, owner, out var right, out added);
        node.Keys[child] = node.Children[child].Keys[0];
        sibling = null;
        if (right is not null)
        {
            sibling = node.MakeRoom(child + 1, owner, out var target, out var at);
            target.Keys[at] = right.Keys[0];
            target.Children![at] = right;
        }

        return node;
    }

    /// <summary>Removes the key; a child that became small is merged with a neighbour when both fit in one node.</summary>
    internal BTreeNode<TKey, TValue> Remove(TKey key, IComparer<TKey> comparer, object owner, out bool removed)
    {
        if (IsLeaf)
        {
            var index = Find(key, comparer);
            removed = index >= 0;
            if (!removed)
            {
                return this;
            }

            var leaf = Own(owner);
            leaf.RemoveAt(index);
            return leaf;
        }

        var child = ChildOf(key, comparer);
        var next = Children![child].Remove(key, comparer, owner, out removed);
        if (!removed)
        {
            return this;
        }

        var node = Own(owner);
        node.Children![child] = next;
        if (next.Count == 0)
        {
            node.RemoveAt(child);
        }
        else
        {
            node.Keys[child] = next.Keys[0];
            if (next.Count < MergeBelow)
            {
                node.TryMerge(child > 0 ? child - 1 : child, owner);
            }
        }

        return node;
    }

    private BTreeNode<TKey, TValue> Own(object owner)
    {
        if (ReferenceEquals(_owner, owner))
        {
            return this;
        }

        var copy = new BTreeNode<TKey, TValue>(owner, new TKey[Max], IsLeaf ? new TValue[Max] : null, IsLeaf ? null : new BTreeNode<TKey, TValue>[Max], Count);
        Array.Copy(Keys, copy.Keys, Count);
        CopyContent(this, 0, copy, 0, Count);
        return copy;
    }

    /// <summary>Opens a gap at <paramref name="index"/>, splitting a full node; says in which half and where the gap is.</summary>
    private BTreeNode<TKey, TValue>? MakeRoom(int index, object owner, out BTreeNode<TKey, TValue> target, out int at)
    {
        BTreeNode<TKey, TValue>? sibling = null;
        target = this;
        at = index;
        if (Count == Max)
        {
            // Ascending keys (revisions, counters) fill nodes fully when the split happens at the end.
            var keep = index == Max ? Max - 1 : Max / 2;
            sibling = new(owner, new TKey[Max], IsLeaf ? new TValue[Max] : null, IsLeaf ? null : new BTreeNode<TKey, TValue>[Max], Max - keep);
            Array.Copy(Keys, keep, sibling.Keys, 0, Max - keep);
            CopyContent(this, keep, sibling, 0, Max - keep);
            Clear(keep, Max - keep);
            Count = keep;
            if (index > keep)
            {
                target = sibling;
                at = index - keep;
            }
        }

        Array.Copy(target.Keys, at, target.Keys, at + 1, target.Count - at);
        CopyContent(target, at, target, at + 1, target.Count - at);
        target.Count++;
        return sibling;
    }

    private void TryMerge(int left, object owner)
    {
        if (left + 1 >= Count || Children![left].Count + Children[left + 1].Count > Max)
        {
            return;
        }

        var into = Children[left].Own(owner);
        var from = Children[left + 1];
        Array.Copy(from.Keys, 0, into.Keys, into.Count, from.Count);
        CopyContent(from, 0, into, into.Count, from.Count);
        into.Count += from.Count;
        Children[left] = into;
        RemoveAt(left + 1);
    }

    private void RemoveAt(int index)
    {
        Array.Copy(Keys, index + 1, Keys, index, Count - index - 1);
        CopyContent(this, index + 1, this, index, Count - index - 1);
        Count--;
        Clear(Count, 1);
    }

    /// <summary>Dropped entries must not keep rows alive.</summary>
    private void Clear(int start, int length)
    {
        Array.Clear(Keys, start, length);
        if (IsLeaf)
        {
            Array.Clear(Values!, start, length);
        }
        else
        {
            Array.Clear(Children!, start, length);
        }
    }

    private static void CopyContent(BTreeNode<TKey, TValue> from, int source, BTreeNode<TKey, TValue> to, int target, int length)
    {
        if (from.IsLeaf)
        {
            Array.Copy(from.Values!, source, to.Values!, target, length);
        }
        else
        {
            Array.Copy(from.Children!, source, to.Children!, target, length);
        }
    }
}
