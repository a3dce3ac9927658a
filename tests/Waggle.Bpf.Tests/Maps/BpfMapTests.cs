using Waggle.Bpf.Tests.Support;

namespace Waggle.Bpf.Tests.Maps;

public class BpfMapTests
{
    [Fact]
    public void Elements_AddReplaceTakeDelete_ReportWhatWasThere()
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 4);

        Assert.True(map.TryAdd(1, 10));
        Assert.False(map.TryAdd(1, 11));
        Assert.True(map.TryReplace(1, 12));
        Assert.False(map.TryReplace(2, 20));
        Assert.True(map.TryLookup(1, out var value));
        Assert.Equal(12ul, value);
        Assert.True(map.TryTake(1, out value));
        Assert.Equal(12ul, value);
        Assert.False(map.TryTake(1, out _));
        Assert.False(map.Delete(1));
        map.Update(3, 30);
        Assert.True(map.Delete(3));
    }

    [Theory]
    [InlineData(BpfMapType.Hash, 16_384, 0)]
    [InlineData(BpfMapType.Hash, 16_384, 3_000)]
    [InlineData(BpfMapType.LruHash, 16_000, 2_000)]
    [InlineData(BpfMapType.Hash, 1, 1)]
    [InlineData(BpfMapType.Array, 9, 9)]
    public void EstimateEntries_OfASmallMap_IsExact(BpfMapType type, int room, int entries)
    {
        using var map = Filled(type, room, entries);
        Assert.Equal(entries, map.Map.EstimateEntries());
    }

    // Chance decides how many entries lie in the buckets that are read: 10 % are six times the standard deviation.
    [Theory]
    [InlineData(BpfMapType.Hash, 524_288, 400_000)]
    [InlineData(BpfMapType.LruHash, 500_000, 262_144)]
    [InlineData(BpfMapType.Hash, 100_000, 100_000)]
    public void EstimateEntries_OfALargeMap_IsNear(BpfMapType type, int room, int entries)
    {
        using var map = Filled(type, room, entries);
        Assert.InRange(map.Map.EstimateEntries(), entries * 0.9, entries * 1.1);
    }

    [Fact]
    public void Update_FullMap_NamesMapAndCapacity()
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 2);
        map.Update(1, 1);
        map.Update(2, 2);
        var e = Assert.Throws<BpfMapFullException>(() => map.Update(3, 3));
        Assert.Equal(2u, e.MaxEntries);
        Assert.Contains("test", e.Message);
    }

    [Theory]
    [InlineData(BpfMapType.Hash)]
    [InlineData(BpfMapType.LruHash)]
    [InlineData(BpfMapType.Array)]
    public void Entries_MoreThanOneChunk_AllSeenOnce(BpfMapType type)
    {
        const int Count = 5000;
        using var map = Create<uint, ulong>(type, type == BpfMapType.LruHash ? 65536u : Count);
        var keys = Enumerable.Range(0, Count).Select(i => (uint)i).ToArray();
        var values = keys.Select(k => k * 3ul).ToArray();

        Assert.Equal(Count, map.Update(keys, values));

        Assert.Equal(keys.Zip(values), map.Entries().Select(e => (e.Key, e.Value)).Order());
        Assert.Equal(Count, map.Map.CountEntries());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_WithoutBatchOperations_SeesAll(bool remove)
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 1000);
        var keys = Enumerable.Range(0, 777).Select(i => (uint)i).ToArray();
        map.Update(keys, keys.Select(k => k * 2ul).ToArray());
        var seen = new List<(uint, ulong)>();
        for (var scan = new BpfMapScan(map.Map, remove, single: true); scan.MoveNext();)
        {
            for (var i = 0; i < scan.Count; i++)
            {
                seen.Add((scan.Key<uint>(i), BitConverter.ToUInt64(scan.Value(i))));
            }
        }

        Assert.Equal(keys.Select(k => (k, k * 2ul)), seen.Order());
        Assert.Equal(remove ? 0 : 777, map.Map.CountEntries());
    }

    [Fact]
    public void Entries_LongestPrefixTrie_AllSeen()
    {
        using var map = BpfMap.Create(new BpfMapSpec(BpfMapType.LpmTrie, "test", 8, 4, 1000) { Flags = 1 }).As<ulong, uint>();
        for (var i = 0u; i < 700; i++)
        {
            map.Update(32ul | ((ulong)i << 32), i);
        }

        Assert.Equal(Enumerable.Range(0, 700).Select(i => (uint)i), map.Entries().Select(e => e.Value).Order());
    }

    [Fact]
    public void Batch_DeleteMixOfPresentAndAbsent_CountsPresent()
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 100);
        map.Update([1, 2, 3, 4], [1, 2, 3, 4]);
        Assert.Equal(3, map.Delete([9, 1, 8, 3, 4, 7]));
        Assert.Equal([2u], map.Keys());
    }

    [Fact]
    public void Batch_UpdateStopsAtForbiddenOrFull()
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 3);
        map.Update(2, 0);
        Assert.Equal(1, map.Update([1, 2, 3], [1, 2, 3], BpfUpdate.NoExist));
        Assert.Throws<BpfMapFullException>(() => map.Update([3, 4, 5], [3, 4, 5]));
        Assert.Equal([1u, 2u, 3u], map.Keys().Order());
    }

    [Fact]
    public void TakeAll_EmptiesTheMap()
    {
        using var map = Create<uint, ulong>(BpfMapType.Hash, 2000);
        var keys = Enumerable.Range(0, 1500).Select(i => (uint)i).ToArray();
        map.Update(keys, new ulong[1500]);
        Assert.Equal(1500, map.TakeAll().Count());
        Assert.Empty(map.Entries());
    }

    [Fact]
    public void PerCpu_ValuesOfEveryCpu_RoundTrip()
    {
        using var map = BpfMap.Create(new BpfMapSpec(BpfMapType.PerCpuHash, "test", 4, 12, 8)).AsPerCpu<uint, Odd>();
        var values = Enumerable.Range(1, BpfCpu.PossibleCount).Select(i => new Odd((uint)i, 0, (uint)i * 2)).ToArray();
        map.Update(7, values);

        var read = new Odd[BpfCpu.PossibleCount];
        Assert.True(map.TryLookup(7, read));
        Assert.Equal(values, read);
        Assert.Equal(values, Assert.Single(map.Entries()).Value);
        Assert.True(map.Delete(7));
        Assert.False(map.TryLookup(7, read));
    }

    [Fact]
    public void MapOfMaps_ProgramSeesTheNewInnerMap()
    {
        using var o = TestObjects.Open("sample");
        o.Load();
        using var outer = o.GetMap("outer").AsMapOfMaps<uint>();
        using var program = o.GetProgram("lookup_inner");
        var spec = BpfMapSpec.From(o.DescribeInnerMap("outer")!, "inner");
        using (var first = BpfMap.Create(spec))
        using (var second = BpfMap.Create(spec))
        {
            first.As<uint, uint>().Update(5, 50);
            second.As<uint, uint>().Update(5, 51);
            outer.Set(5, first);
            Assert.Equal(50u, Run(program));
            outer.Set(5, second);
            Assert.Equal(51u, Run(program));
        }

        using (var inner = outer.Open(5))
        {
            Assert.True(inner!.As<uint, uint>().TryLookup(5, out var value));
            Assert.Equal(51u, value);
        }

        Assert.Equal(5u, Assert.Single(outer.Entries()).Key);
        Assert.True(outer.Delete(5));
        Assert.Null(outer.Open(5));
        Assert.Equal(0u, Run(program));
    }

    [Fact]
    public void As_WrongSizes_NameTheMapAndBothSizes()
    {
        using var map = BpfMap.Create(new BpfMapSpec(BpfMapType.Hash, "test", 4, 8, 1));
        Assert.Contains("key has 4 bytes, UInt64 has 8", Assert.Throws<BpfLayoutException>(() => map.As<ulong, ulong>()).Message);
        Assert.Contains("value has 8 bytes, Byte has 1", Assert.Throws<BpfLayoutException>(() => map.As<uint, byte>()).Message);
        Assert.Throws<BpfLayoutException>(() => map.AsPerCpu<uint, ulong>());
        Assert.Throws<BpfLayoutException>(() => map.AsMapOfMaps<uint>());
        Assert.Throws<BpfLayoutException>(() => map.TryLookup([1, 2], new byte[8]));
    }

    [Fact]
    public void Pinned_OpensByPathWithItsTypes()
    {
        using var fs = new TestBpffs();
        using var o = TestObjects.Open("sample");
        o.Load();
        using (var map = o.GetMap("counters"))
        {
            map.Pin(fs.At("counters"));
        }

        using var pinned = BpfMap.OpenPinned(fs.At("counters"), readOnly: true);
        Assert.Equal((BpfMapType.Hash, "counters", 64u), (pinned.Info.Type, pinned.Info.Name, pinned.Info.MaxEntries));
        Assert.Equal("struct value", pinned.ReadBtf()!.Describe(pinned.Info.ValueTypeId));
        var refused = Assert.Throws<BpfException>(() => pinned.As<Key, Value>().Update(default, default));
        Assert.Equal(Linux.Errno.EPERM, refused.Errno);

        Assert.Null(BpfMap.TryOpenPinned(fs.At("nothing")));
        using var program = o.GetProgram("count");
        program.Pin(fs.At("program"));
        Assert.Contains("bpf-prog", Assert.Throws<BpfException>(() => BpfMap.OpenPinned(fs.At("program"))).Message);
        Assert.Contains("bpffs", Assert.Throws<BpfException>(() => program.Pin("/tmp/no-bpffs")).Message);
    }

    private static uint Run(BpfProgram program)
    {
        var context = new SkBuffContext { Mark = 5 };
        return program.TestRun(new byte[64], default, ref context).ReturnValue;
    }

    private static BpfMap<uint, ulong> Filled(BpfMapType type, int room, int entries)
    {
        var map = Create<uint, ulong>(type, (uint)room);
        Assert.Equal(entries, map.Update([.. Enumerable.Range(0, entries).Select(i => (uint)i)], new ulong[entries]));
        return map;
    }

    private static BpfMap<TKey, TValue> Create<TKey, TValue>(BpfMapType type, uint entries)
        where TKey : unmanaged
        where TValue : unmanaged => BpfMap.Create(new BpfMapSpec(type, "test", 4, 8, entries)).As<TKey, TValue>();

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    private record struct Odd(uint A, uint B, uint C);
}
