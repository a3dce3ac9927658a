using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.State.Tests.Tables;

public class TableTests
{
    private readonly StateDb _db = new();
    private readonly ItemTable _table;

    public TableTests() => _table = new(_db);

    [Fact]
    public void Upsert_NewRow_FoundByKeyAndIndexes()
    {
        _table.Upsert(new(1, "a", "10.0.0.1"));
        _table.Upsert(new(2, "a"));
        _table.Upsert(new(3, "ab"));

        Assert.Equal("a", _table.View.Find(1)!.Group);
        Assert.Equal([1, 2], _table.View.By(_table.ByGroup, "a").Select(i => i.Id));
        Assert.Equal(1, _table.View.FindBy(_table.ByAddress, "10.0.0.1")!.Id);
        Assert.Null(_table.View.FindBy(_table.ByAddress, "10.0.0.2"));
        Assert.Equal([1, 2, 3], _table.View.FromBy(_table.ByGroup, "").Select(i => i.Id));
        Assert.Equal([2, 3], _table.View.From(2).Select(i => i.Id));
    }

    [Fact]
    public void Upsert_EqualRow_ChangesNothing()
    {
        _table.Upsert(new(1, "a"));
        var revision = _table.Revision;

        Assert.False(_table.Upsert(new(1, "a")));
        Assert.Equal(revision, _table.Revision);
    }

    [Fact]
    public void Upsert_IndexKeyChanges_OldKeyNoLongerFinds()
    {
        _table.Upsert(new(1, "a", "x"));
        _table.Upsert(new(1, "b", "y"));

        Assert.Empty(_table.View.By(_table.ByGroup, "a"));
        Assert.Null(_table.View.FindBy(_table.ByAddress, "x"));
        Assert.Equal(1, _table.View.FindBy(_table.ByAddress, "y")!.Id);
    }

    [Fact]
    public void Upsert_UniqueKeyTaken_ThrowsAndLeavesTransactionUsable()
    {
        using var transaction = _db.Write(_table);
        transaction.Upsert(_table, new Item(1, "a", "x"));

        var error = Assert.Throws<UniqueIndexException>(() => transaction.Upsert(_table, new Item(2, "a", "x")));
        Assert.Equal("1", error.Holder);
        transaction.Upsert(_table, new Item(3, "a", "y"));
        transaction.Commit();

        Assert.Equal([1, 3], _table.View.All().Select(i => i.Id));
        Assert.Equal([1, 3], _table.View.By(_table.ByGroup, "a").Select(i => i.Id));
    }

    [Fact]
    public void Write_WithoutCommit_NothingHappens()
    {
        using (var transaction = _db.Write(_table))
        {
            transaction.Upsert(_table, new Item(1, "a"));
            Assert.Equal(1, transaction.View(_table).Count);
        }

        Assert.Equal(0, _table.Count);
        Assert.Equal(0UL, _table.Revision);
    }

    [Fact]
    public void Read_OldSnapshot_NeverChanges()
    {
        _table.Upsert(new(1, "a"));
        var snapshot = _db.Read();
        _table.Upsert(new(1, "b"));
        _table.Upsert(new(2, "b"));
        _table.Delete(1);

        var view = snapshot.View(_table);
        Assert.Equal([new Item(1, "a")], view.All());
        Assert.Equal(1, view.Count);
        Assert.Single(view.By(_table.ByGroup, "a"));
    }

    [Fact]
    public async Task Commit_TwoTables_VisibleTogether()
    {
        var other = new ItemTable(_db, "others");
        var torn = 0;
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                var snapshot = _db.Read();
                torn += snapshot.View(_table).Count == snapshot.View(other).Count ? 0 : 1;
            }
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 3000; i++)
        {
            using var transaction = _db.Write(other, _table);
            transaction.Upsert(_table, new Item(i, "a"));
            transaction.Upsert(other, new Item(i, "a"));
            transaction.Commit();
        }

        await stop.CancelAsync();
        await reader;
        Assert.Equal(0, torn);
        Assert.Equal(3000, _db.Read().View(other).Count);
    }

    [Fact]
    public async Task Write_ManyThreadsOverlappingTables_NoUpdateIsLost()
    {
        var other = new ItemTable(_db, "others");
        _table.Upsert(new(0, "sum"));
        other.Upsert(new(0, "sum"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                using var transaction = worker % 2 == 0 ? _db.Write(_table, other) : _db.Write(other, _table);
                transaction.Upsert(_table, transaction.View(_table).Find(0)! with { Value = transaction.View(_table).Find(0)!.Value + 1 });
                transaction.Upsert(other, transaction.View(other).Find(0)! with { Value = transaction.View(other).Find(0)!.Value + 1 });
                transaction.Commit();
            }
        })));

        Assert.Equal(4000, _table.View.Find(0)!.Value);
        Assert.Equal(4000, other.View.Find(0)!.Value);
    }

    [Fact]
    public void CompareAndSwap_RowChangedMeanwhile_Refused()
    {
        _table.Upsert(new(1, "a"));
        var revision = _table.View.RevisionOf(1);
        _table.Upsert(new(1, "b"));
        using var transaction = _db.Write(_table);

        Assert.False(transaction.CompareAndSwap(_table, revision, new(1, "c")));
        Assert.True(transaction.CompareAndSwap(_table, transaction.View(_table).RevisionOf(1), new(1, "d")));
        Assert.True(transaction.CompareAndSwap(_table, 0, new(2, "e")));
        Assert.False(transaction.CompareAndSwap(_table, 0, new(2, "f")));
    }

    [Fact]
    public void Replace_OwnedRows_OthersUntouchedAndUniqueKeysMayMove()
    {
        _table.Upsert(new(1, "mine", "x"));
        _table.Upsert(new(2, "mine"));
        _table.Upsert(new(3, "yours"));
        using (var transaction = _db.Write(_table))
        {
            transaction.Replace(_table, [new(2, "mine"), new(4, "mine", "x")], r => r.Group == "mine");
            transaction.Commit();
        }

        Assert.Equal([2, 3, 4], _table.View.All().Select(i => i.Id));
    }

    [Fact]
    public async Task WaitInitialized_TwoSources_WaitsForBoth()
    {
        var first = _table.RegisterInitializer("pods");
        var second = _table.RegisterInitializer("pods");
        Assert.Equal(["pods", "pods-2"], _table.PendingInitializers);
        var waiting = _table.WaitInitializedAsync(TestContext.Current.CancellationToken);

        first.Complete();
        first.Complete();
        Assert.False(waiting.IsCompleted);
        using (var transaction = _db.Write(_table))
        {
            transaction.Upsert(_table, new Item(1, "a"));
            transaction.Complete(second);
            Assert.False(_table.IsInitialized);
            transaction.Commit();
        }

        await waiting;
        Assert.True(_table.IsInitialized);
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void Write_TwiceOnOneThread_ThrowsInsteadOfLosingUpdates()
    {
        using var transaction = _db.Write(_table);

        Assert.Throws<InvalidOperationException>(() => _table.Upsert(new(1, "a")));
    }

    [Fact]
    public void Upsert_TableNotInTransaction_Throws()
    {
        var other = new ItemTable(_db, "others");
        using var transaction = _db.Write(_table);

        Assert.Throws<InvalidOperationException>(() => transaction.Upsert(other, new Item(1, "a")));
    }

    [Fact]
    public void Register_SameName_Throws() => Assert.Throws<InvalidOperationException>(() => new ItemTable(_db));

    [Fact]
    public void Render_RowsAndJson_InColumnOrder()
    {
        _table.Upsert(new(1, "a"));

        var table = _db.Find("items")!;
        Assert.Equal(["ID", "GROUP"], table.ColumnNames);
        Assert.Equal(["1", "a"], Assert.Single(table.RenderRows()));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"ID":"1","GROUP":"a"}"""), Assert.Single(table.RenderJson())));
    }

    [Fact]
    public void Upsert_HundredThousandRowsInSmallTransactions_CostGrowsSlowerThanLinear()
    {
        // Allocation, unlike time, is deterministic: it shows whether a write copies the table.
        var small = PerWrite(1000);
        var large = PerWrite(100_000);

        Assert.True(large < small * 4, $"a write into 100,000 rows allocates {large} bytes, into 1,000 rows {small}");

        static long PerWrite(int rows)
        {
            var table = new ItemTable(new StateDb());
            using (var transaction = table.Db.Write(table))
            {
                for (var i = 0; i < rows; i++)
                {
                    transaction.Upsert(table, new Item(i, $"g{i % 100}", $"{i}"));
                }

                transaction.Commit();
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                table.Upsert(new Item(i * 7 % rows, "changed", $"n{i}"));
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        }
    }
}
