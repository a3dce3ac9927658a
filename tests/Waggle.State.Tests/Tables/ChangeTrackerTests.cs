using Waggle.State.Tables;

namespace Waggle.State.Tests.Tables;

public class ChangeTrackerTests
{
    private readonly StateDb _db = new();

    [Fact]
    public void Next_FirstCall_DeliversPresentRowsButNoOldDeletions()
    {
        var table = new ItemTable(_db);
        table.Upsert(new(1, "a"));
        table.Upsert(new(2, "a"));
        table.Delete(1);
        using var tracker = table.Track();

        Assert.Equal([new Change<Item>(new(2, "a"), 2, false)], tracker.Next().Changes);
        Assert.True(tracker.Next().IsEmpty);
    }

    [Fact]
    public void Next_ManyChangesOfOneRow_OnlyTheNewest()
    {
        var table = new ItemTable(_db);
        using var tracker = table.Track();
        for (var i = 0; i < 100; i++)
        {
            table.Upsert(new(1, "a", Value: i));
        }

        Assert.Equal(99, Assert.Single(tracker.Next().Changes).Row.Value);
    }

    [Fact]
    public void Next_DeletedAndInsertedAgain_OneUpsert()
    {
        var table = new ItemTable(_db);
        table.Upsert(new(1, "a"));
        using var tracker = table.Track();
        tracker.Next();
        table.Delete(1);
        table.Upsert(new(1, "b"));

        Assert.Equal([new Change<Item>(new(1, "b"), 3, false)], tracker.Next().Changes);
    }

    [Fact]
    public void Next_SmallLimit_AllChangesInRevisionOrder()
    {
        var table = new ItemTable(_db);
        using var tracker = table.Track();
        for (var i = 0; i < 50; i++)
        {
            table.Upsert(new(i, "a"));
        }

        tracker.Next();
        for (var i = 0; i < 50; i += 2)
        {
            table.Delete(i);
            table.Upsert(new(i + 1, "b"));
        }

        var all = new List<Change<Item>>();
        while (tracker.Next(7) is { IsEmpty: false } batch)
        {
            Assert.True(batch.Changes.Count <= 7);
            all.AddRange(batch.Changes);
        }

        Assert.Equal(Enumerable.Range(51, 50).Select(r => (ulong)r), all.Select(c => c.Revision));
        Assert.Equal(25, all.Count(c => c.IsDeleted));
    }

    [Fact]
    public void Next_TooManyDeletionsMissed_ResetWithAllPresentRows()
    {
        var table = new ItemTable(_db, maxTombstones: 100);
        table.Upsert(new(-1, "kept"));
        using var slow = table.Track();
        using var quick = table.Track();
        slow.Next();
        for (var i = 0; i < 300; i++)
        {
            table.Upsert(new(i, "a"));
            table.Delete(i);
            quick.Next();
        }

        var batch = slow.Next();
        Assert.True(batch.Reset);
        Assert.Equal([new Item(-1, "kept")], batch.Changes.Select(c => c.Row));
        Assert.False(slow.Next().Reset);
        table.Delete(-1);
        Assert.True(Assert.Single(slow.Next().Changes).IsDeleted);
        Assert.False(quick.Next().Reset);
    }

    [Fact]
    public void Delete_NobodyTracks_NothingIsRemembered()
    {
        var table = new ItemTable(_db);
        using (var tracker = table.Track())
        {
            for (var i = 0; i < 10; i++)
            {
                table.Upsert(new(i, "a"));
                table.Delete(i);
            }
        }

        table.Upsert(new(100, "a"));
        Assert.Equal(0, ((TableState<int, Item>)table.Latest).Tombstones.Count);
    }

    [Fact]
    public async Task WatchAsync_WhileWritersWork_ReaderEndsWithTheTablesContent()
    {
        var table = new ItemTable(_db);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var copies = Enumerable.Range(0, 3).Select(_ => new SortedDictionary<int, Item>()).ToArray();
        var readers = copies.Select(copy => Task.Run(async () =>
        {
            await foreach (var batch in table.WatchAsync(stop.Token))
            {
                foreach (var change in batch.Changes)
                {
                    if (change.IsDeleted)
                    {
                        copy.Remove(change.Row.Id);
                    }
                    else
                    {
                        copy[change.Row.Id] = change.Row;
                    }
                }

                if (copy.ContainsKey(-1))
                {
                    return;
                }
            }
        }, stop.Token)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(() =>
        {
            var random = new Random(w);
            for (var i = 0; i < 3000; i++)
            {
                var id = random.Next(200);
                if (random.Next(3) == 0)
                {
                    table.Delete(id);
                }
                else
                {
                    table.Upsert(new(id, "a", Value: i));
                }
            }
        }, stop.Token)));
        table.Upsert(new(-1, "end"));
        await Task.WhenAll(readers);

        foreach (var copy in copies)
        {
            Assert.Equal(table.View.All(), copy.Values);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void RandomTransactions_AgainstNaiveModel_SameRowsIndexesAndReplayedChanges(int seed)
    {
        var random = new Random(seed);
        var table = new ItemTable(_db, $"items{seed}", maxTombstones: 40);
        var model = new SortedDictionary<int, Item>();
        var trackers = Enumerable.Range(0, 3).Select(_ => (Tracker: table.Track(), Copy: new SortedDictionary<int, Item>())).ToArray();
        for (var step = 0; step < 2000; step++)
        {
            using (var transaction = _db.Write(table))
            {
                var draft = new SortedDictionary<int, Item>(model);
                for (var n = random.Next(4); n >= 0; n--)
                {
                    Mutate(transaction, draft);
                }

                if (random.Next(10) > 0)
                {
                    transaction.Commit();
                    model = draft;
                }
            }

            Assert.Equal(model.Values, table.View.All());
            var group = $"g{random.Next(5)}";
            Assert.Equal(model.Values.Where(i => i.Group == group), table.View.By(table.ByGroup, group));
            var (tracker, copy) = trackers[random.Next(trackers.Length)];
            if (random.Next(20) == 0)
            {
                while (tracker.Next(3) is { IsEmpty: false } batch)
                {
                    Replay(copy, batch);
                }

                Assert.Equal(model.Values, copy.Values);
            }
        }

        void Mutate(WriteTransaction transaction, SortedDictionary<int, Item> draft)
        {
            var id = random.Next(60);
            if (random.Next(3) == 0)
            {
                Assert.Equal(draft.Remove(id), transaction.Delete(table, id));
                return;
            }

            var item = new Item(id, $"g{random.Next(5)}", random.Next(2) == 0 ? null : $"a{random.Next(40)}");
            var taken = item.Address is not null && draft.Values.Any(i => i.Id != id && i.Address == item.Address);
            if (taken)
            {
                Assert.Throws<UniqueIndexException>(() => transaction.Upsert(table, item));
            }
            else
            {
                transaction.Upsert(table, item);
                draft[id] = item;
            }
        }
    }

    private static void Replay(SortedDictionary<int, Item> copy, ChangeBatch<Item> batch)
    {
        if (batch.Reset)
        {
            copy.Clear();
        }

        foreach (var change in batch.Changes)
        {
            if (change.IsDeleted)
            {
                copy.Remove(change.Row.Id);
            }
            else
            {
                copy[change.Row.Id] = change.Row;
            }
        }
    }
}
