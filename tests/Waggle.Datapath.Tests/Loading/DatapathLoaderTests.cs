using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf;
using Waggle.Datapath.Loading;

namespace Waggle.Datapath.Tests.Loading;

public sealed class DatapathLoaderTests : IDisposable
{
    private readonly LoaderFixture fixture = new();

    [Fact]
    public void Load_FirstTime_CreatesAndPinsMapsAndPrograms()
    {
        using var loaded = fixture.Load(["counting"], new DatapathConfig { ClusterId = 5 });

        Assert.Equal(["count", "mcast_control"], loaded.ProgramNames.Order());
        Assert.All(loaded.Outcomes, m => Assert.Equal(SharedMapOutcome.Created, m.Outcome));
        Assert.Equal(["event_counters", "events", "test_rows"], Directory.EnumerateFiles(fixture.Paths.Maps).Select(Path.GetFileName).Order());
        using var control = BpfProgram.OpenPinned(fixture.Paths.Program("mcast_control"));
        Assert.Equal(loaded["mcast_control"].GetInfo().Id, control.GetInfo().Id);
        Assert.Throws<KeyNotFoundException>(() => loaded["no_such"]);
    }

    [Fact]
    public void Load_Config_ReachesTheProgram()
    {
        using var loaded = fixture.Load(["counting"], new DatapathConfig { ClusterId = 5 });
        using var rows = BpfMap.OpenPinned(fixture.Paths.Map("test_rows"));
        rows.As<uint, Row>().Update(5, default);
        var packet = new byte[64];
        packet[12] = 8;
        packet[37] = 9;

        Assert.Equal(2u, loaded["count"].TestRun(packet).ReturnValue);

        Assert.True(rows.As<uint, Row>().TryLookup(5, out var row));
        Assert.Equal(new Row(1, 64), row);
    }

    [Fact]
    public void Load_Again_AdoptsMapsAndReplacesThePinnedProgram()
    {
        uint before;
        using (var first = fixture.Load(["counting"]))
        {
            before = first["mcast_control"].GetInfo().Id;
            Rows(r => r.Update(0, new Row(7, 8)));
        }

        using var second = fixture.Load(["counting"]);

        Assert.All(second.Outcomes, m => Assert.Equal(SharedMapOutcome.Adopted, m.Outcome));
        Rows(r => Assert.True(r.TryLookup(0, out var row) && row == new Row(7, 8)));
        using var control = BpfProgram.OpenPinned(fixture.Paths.Program("mcast_control"));
        Assert.NotEqual(before, control.GetInfo().Id);
        Assert.Equal(second["mcast_control"].GetInfo().Id, control.GetInfo().Id);
    }

    [Fact]
    public void Load_OtherCapacity_CopiesRows()
    {
        using (fixture.Load(["counting"]))
        {
            Rows(r => r.Update([1, 2, 3], [new(1, 1), new(2, 2), new(3, 3)]));
        }

        using var bigger = fixture.Load(["counting"], sizes: new() { ["test_rows"] = 100 });

        var outcome = Assert.Single(bigger.Outcomes, m => m.Outcome == SharedMapOutcome.Migrated);
        Assert.Equal("test_rows", outcome.Name);
        Assert.Contains("16 entries, now 100", outcome.Reason);
        Rows(r =>
        {
            Assert.Equal(100u, r.Map.Info.MaxEntries);
            Assert.Equal([new Row(1, 1), new(2, 2), new(3, 3)], r.Entries().OrderBy(e => e.Key).Select(e => e.Value));
        });
        Assert.Contains(Directory.EnumerateFiles(fixture.Paths.Maps), p => p.Contains("test_rows-retired-"));
        bigger.Commit();
        Assert.DoesNotContain(Directory.EnumerateFiles(fixture.Paths.Maps), p => p.Contains("retired"));
    }

    [Fact]
    public void Load_OtherLayoutOfTheSameSize_IsReplacedNeverAdopted()
    {
        using (fixture.Load(["counting"]))
        {
            Rows(r => r.Update(0, new Row(7, 8)));
        }

        using var relaid = fixture.Load(["relaid"]);

        var outcome = Assert.Single(relaid.Outcomes);
        Assert.Equal(SharedMapOutcome.Replaced, outcome.Outcome);
        Assert.Contains("bytes is at offset 8, expected at 0", outcome.Reason);
        Rows(r => Assert.Empty(r.Entries()));
    }

    [Fact]
    public void Load_TwoObjectsDisagreeAboutAMap_IsRefused()
    {
        var e = Assert.Throws<BpfLayoutException>(() => fixture.Load(["counting", "relaid"]));
        Assert.Contains("map test_rows of object relaid", e.Message);
        Assert.Empty(Directory.EnumerateFiles(fixture.Paths.Maps));
    }

    [Fact]
    public void Load_SwappedFieldsOfAnAbiStruct_NamesFieldAndOffsets()
    {
        var e = Assert.Throws<BpfLayoutException>(() => fixture.Load(["swapped"]));
        Assert.Contains("object swapped", e.Message);
        Assert.Contains("struct ipcache_entry: field identity is at offset 20, expected at 16", e.Message);
    }

    [Fact]
    public void Load_CatalogueMapWithOtherTypes_IsRefused()
    {
        var e = Assert.Throws<BpfLayoutException>(() => fixture.Load(["wrongkey"]));
        Assert.Contains("map nodes of object wrongkey", e.Message);
    }

    [Fact]
    public void Load_RefusedByTheVerifier_LeavesPinsAsTheyWere()
    {
        using (fixture.Load(["counting"]))
        {
            Rows(r => r.Update(0, new Row(7, 8)));
        }

        var e = Assert.Throws<BpfVerifierException>(() => fixture.Load(["counting", "refused"], sizes: new() { ["test_rows"] = 32 }));

        Assert.Equal("use", e.Program);
        Assert.Contains("map_value_or_null", e.Message);
        Rows(r =>
        {
            Assert.Equal(16u, r.Map.Info.MaxEntries);
            Assert.True(r.TryLookup(0, out var row) && row == new Row(7, 8));
        });
    }

    [Fact]
    public void Load_NoBpffs_SaysWhatToMount()
    {
        var options = new DatapathLoaderOptions { Paths = new DatapathPaths(Path.GetTempPath()) };
        var e = Assert.Throws<BpfException>(() => new DatapathLoader(options, NullLogger<DatapathLoader>.Instance).Load(new DatapathConfig()));
        Assert.Contains("mount -t bpf", e.Message);
    }

    public void Dispose() => fixture.Dispose();

    private void Rows(Action<BpfMap<uint, Row>> use)
    {
        using var map = BpfMap.OpenPinned(fixture.Paths.Map("test_rows"));
        use(map.As<uint, Row>());
    }
}
