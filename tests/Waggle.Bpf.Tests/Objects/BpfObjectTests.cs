using Waggle.Bpf.Tests.Support;

namespace Waggle.Bpf.Tests.Objects;

public class BpfObjectTests
{
    private static readonly byte[] Packet = new byte[64];

    [Fact]
    public void Open_ListsProgramsAndMapsWithoutTheKernel()
    {
        using var o = TestObjects.Open("sample");

        Assert.Contains("count", o.ProgramNames);
        var counters = o.DescribeMap("counters");
        Assert.Equal((BpfMapType.Hash, 8, 16, 64u, true), (counters.Type, counters.KeySize, counters.ValueSize, counters.MaxEntries, counters.PinByName));
        Assert.Equal("struct key", o.Btf.Describe(counters.KeyTypeId));
        Assert.Equal(BpfMapType.Hash, o.DescribeInnerMap("outer")!.Type);
        Assert.Contains("verdict", o.VariableNames(".rodata"));
    }

    [Fact]
    public void Open_NotAnObject_SaysSo()
    {
        var e = Assert.Throws<BpfException>(() => BpfObject.Open("nonsense"u8));
        Assert.Contains("open object", e.Message);
    }

    [Fact]
    public void SetVariable_ChangesVerdictAndRemovesDeadCode()
    {
        using var off = TestObjects.Open("sample");
        using var on = TestObjects.Open("sample");
        on.SetVariable("count_packets", true);
        on.SetVariable("verdict", 7u);
        off.Load();
        on.Load();

        using var counting = on.GetProgram("count");
        using var idle = off.GetProgram("count");
        Assert.Equal(7u, counting.TestRun(Packet).ReturnValue);
        Assert.Equal(0u, idle.TestRun(Packet).ReturnValue);
        Assert.True(counting.GetInfo().InstructionCount > idle.GetInfo().InstructionCount);
        Assert.True(counting.GetInfo().VerifiedInstructions > 0);
    }

    [Fact]
    public void SetVariable_WrongType_IsRefused()
    {
        using var o = TestObjects.Open("sample");
        Assert.Equal(-1, o.GetVariable<short>("offset"));
        Assert.Contains("bytes", Assert.Throws<BpfLayoutException>(() => o.SetVariable("verdict", 1ul)).Message);
        Assert.Contains("signedness", Assert.Throws<BpfLayoutException>(() => o.SetVariable("verdict", 1)).Message);
        Assert.Throws<BpfLayoutException>(() => o.SetVariable("count_packets", (byte)1));
        Assert.Throws<KeyNotFoundException>(() => o.SetVariable("no_such", 1));
    }

    [Fact]
    public void Load_RefusedByVerifier_SummarisesAndKeepsTheLog()
    {
        using var o = TestObjects.Open("sample");
        o.SetAutoload("broken", true);

        var e = Assert.Throws<BpfVerifierException>(o.Load);

        Assert.Equal("broken", e.Program);
        Assert.Contains("map_value_or_null", e.Message);
        Assert.Contains("return *value", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Contains("processed", e.Log);
    }

    [Fact]
    public void TestRun_ContextAndMapEffects()
    {
        using var o = TestObjects.Open("sample");
        o.SetVariable("count_packets", true);
        o.Load();
        using var map = o.GetMap<Key, Value>("counters");
        using var program = o.GetProgram("count");
        map.Update(new Key(5), default);
        var context = new SkBuffContext { Mark = 5 };
        var output = new byte[128];

        var result = program.TestRun(Packet, output, ref context, repeat: 3);

        Assert.Equal(64, result.OutputLength);
        Assert.Equal(6u, context.Cb[0]);
        Assert.True(map.TryLookup(new Key(5), out var value));
        Assert.Equal((3ul, 192ul), (value.Packets, value.Bytes));
        Assert.False(map.TryLookup(new Key(6), out _));
    }
}
