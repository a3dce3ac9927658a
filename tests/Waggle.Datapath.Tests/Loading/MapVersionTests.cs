using System.Buffers.Binary;
using Waggle.Bpf;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Tests.Loading;

/// <summary>A map whose layout changed has another version and another pin; what becomes of the rows of the one before.</summary>
public sealed class MapVersionTests : IDisposable
{
    private readonly LoaderFixture fixture = new();

    public MapVersionTests()
    {
        using (fixture.Load(["counting"]))
        {
            using var map = BpfMap.OpenPinned(Pin("test_rows"));
            map.As<uint, Row>().Update([1, 2, 3], [new(10, 11), new(20, 21), new(30, 31)]);
        }
    }

    [Fact]
    public void Load_NextVersionWithAConversion_ConvertsRowsUnderANewPin()
    {
        using var loaded = Load(2, (key, value, newKey, newValue) =>
        {
            // The fields change places; row 2 is left out.
            key.CopyTo(newKey);
            value[..8].CopyTo(newValue[8..]);
            value[8..].CopyTo(newValue);
            return BinaryPrimitives.ReadUInt32LittleEndian(key) != 2;
        });

        var outcome = Assert.Single(loaded.Outcomes);
        Assert.Equal((SharedMapOutcome.Migrated, "it is of version 1, now 2"), (outcome.Outcome, outcome.Reason));
        Assert.Equal([(1u, new Row(11, 10)), (3u, new Row(31, 30))], Rows("test_rows-v2"));
        loaded.Commit();
        Assert.Equal(["event_counters", "events", "test_rows-v2"], Directory.EnumerateFiles(fixture.Paths.Maps).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Load_NextVersionWithoutAConversion_StartsEmptyAndSaysSo()
    {
        using var loaded = Load(2);
        var outcome = Assert.Single(loaded.Outcomes);
        Assert.Equal((SharedMapOutcome.Replaced, "it is of version 1, now 2"), (outcome.Outcome, outcome.Reason));
        Assert.Empty(Rows("test_rows-v2"));
    }

    [Fact]
    public void Load_OfAVersionTwoAhead_DoesNotUseTheConversionOfTheNext()
    {
        using var loaded = Load(3, (_, _, _, _) => throw new InvalidOperationException("version 1 is not the one before"));
        Assert.Equal(SharedMapOutcome.Replaced, Assert.Single(loaded.Outcomes).Outcome);
    }

    [Fact]
    public void Load_OfAnEarlierProgram_LeavesTheNewerMapsRowsAlone()
    {
        using (var newer = Load(2))
        {
            newer.Commit();
        }

        using var loaded = fixture.Load(["counting"], catalogue: name => name == "test_rows" ? Definition(1) : MapCatalogue.Find(name));
        var outcome = Assert.Single(loaded.Outcomes, m => m.Name == "test_rows");
        Assert.Equal((SharedMapOutcome.Replaced, "it is of version 2, now 1"), (outcome.Outcome, outcome.Reason));
        Assert.Empty(Rows("test_rows"));
    }

    [Fact]
    public void Load_OfTheSameVersionAgain_Adopts()
    {
        using (Load(2))
        {
        }

        using var loaded = Load(2);
        Assert.Equal(SharedMapOutcome.Adopted, Assert.Single(loaded.Outcomes).Outcome);
    }

    [Theory]
    [InlineData("rows", 1)]
    [InlineData("rows-v2", 2)]
    [InlineData("rows-v17", 17)]
    [InlineData("rows-v2-retired-5", null)]
    [InlineData("rows-retired-5", null)]
    [InlineData("rows_prefixes", null)]
    [InlineData("rows-v", null)]
    [InlineData("row", null)]
    public void VersionOf_APinsName_TellsWhoseItIs(string pin, int? version) =>
        Assert.Equal(version, new MapDefinition("rows", "u32", "row").VersionOf(pin));

    public void Dispose() => fixture.Dispose();

    private static MapDefinition Definition(int version, MapRowConversion? convert = null) => new("test_rows", "u32", "test_row", version, convert);

    private LoadedDatapath Load(int version, MapRowConversion? convert = null) => fixture.Load(["relaid"], catalogue: _ => Definition(version, convert));

    private string Pin(string name) => Path.Combine(fixture.Paths.Maps, name);

    private List<(uint, Row)> Rows(string pin)
    {
        using var map = BpfMap.OpenPinned(Pin(pin));
        return [.. map.As<uint, Row>().Entries().Select(e => (e.Key, e.Value)).OrderBy(e => e.Key)];
    }
}
