using Waggle.State.Trees;

namespace Waggle.State.Tests.Trees;

public class BTreeTests
{
    [Theory]
    [InlineData(1, 50, 200)]
    [InlineData(2, 2000, 20000)]
    [InlineData(3, 100000, 30000)]
    public void RandomOperations_AgainstSortedDictionary_SameContentInEveryVersion(int seed, int keys, int operations)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<int, int>();
        var tree = BTree<int, int>.Empty(Comparer<int>.Default);
        var versions = new List<(BTree<int, int> Tree, KeyValuePair<int, int>[] Content)>();
        var builder = tree.ToBuilder();
        for (var i = 0; i < operations; i++)
        {
            var key = random.Next(keys);
            // Phases that grow and phases that shrink, so that merging is exercised down to the empty tree.
            if (random.Next(100) < (i / (operations / 4) % 2 == 0 ? 75 : 15))
            {
                builder.Set(key, i);
                model[key] = i;
            }
            else
            {
                Assert.Equal(model.Remove(key), builder.Remove(key));
            }

            Assert.Equal(model.Count, builder.Count);
            if (i % (operations / 10) == 0)
            {
                versions.Add((builder.ToImmutable(), [.. model]));
            }
        }

        foreach (var key in model.Keys.ToList())
        {
            Assert.True(builder.Remove(key));
        }

        Assert.Empty(builder.ToImmutable().All());
        foreach (var (version, content) in versions)
        {
            Assert.Equal(content, version.All());
            Assert.Equal(content.Length, version.Count);
        }
    }

    [Fact]
    public void From_EveryKey_StartsAtFirstNotBelow()
    {
        var builder = BTree<int, int>.Empty(Comparer<int>.Default).ToBuilder();
        for (var i = 0; i < 5000; i++)
        {
            builder.Set(i * 2, i);
        }

        var tree = builder.ToImmutable();
        for (var key = -1; key < 10001; key += 7)
        {
            var expected = Math.Max(0, (key + 1) / 2 * 2);
            Assert.Equal(expected > 9998 ? [] : [expected], tree.From(key).Take(1).Select(e => e.Key));
        }
    }

    [Fact]
    public void TryGet_MissingAndPresent_Distinguished()
    {
        var builder = BTree<string, int>.Empty(StringComparer.Ordinal).ToBuilder();
        for (var i = 0; i < 1000; i++)
        {
            builder.Set($"k{i}", i);
        }

        Assert.True(builder.TryGet("k77", out var value));
        Assert.Equal(77, value);
        Assert.False(builder.ToImmutable().TryGet("k1000", out _));
    }

    [Fact]
    public void Set_AscendingKeys_FillsNodes()
    {
        var builder = BTree<int, int>.Empty(Comparer<int>.Default).ToBuilder();
        for (var i = 0; i < 31 * 31; i++)
        {
            builder.Set(i, i);
        }

        Assert.True(Leaves(builder.ToImmutable().Root) <= 32, "ascending inserts must not leave half-empty leaves");

        static int Leaves(BTreeNode<int, int> node) => node.IsLeaf ? 1 : node.Children!.Take(node.Count).Sum(Leaves);
    }
}
