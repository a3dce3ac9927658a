using Waggle.Bpf.Btf;
using Waggle.Bpf.Tests.Support;

namespace Waggle.Bpf.Tests.Btf;

public class BtfSpecTests
{
    [Fact]
    public void FromElf_Structs_HaveSizesMembersAndOffsets()
    {
        var btf = BtfSpec.FromElf(TestObjects.Read("sample"));
        var layout = BtfLayout.Of(btf, btf.Find(BtfKind.Struct, "key")!);
        Assert.Equal(8, layout.Size);
        Assert.Equal([("group", 0, "u32"), ("port", 4, "u16"), ("pad", 6, "u16")], layout.Fields.Select(f => (f.Path, f.Offset, f.Type)));
    }

    [Fact]
    public void Difference_NamesTheFirstFieldThatDiffers()
    {
        var expected = new BtfLayout("x", 8, [new("a", 0, 4, "u32"), new("b", 4, 4, "u32")]);
        Assert.Null(expected.Difference(expected));
        Assert.Contains("b is at offset 0, expected at 4", (expected with { Fields = [new("a", 0, 4, "u32"), new("b", 0, 4, "u32")] }) is var o ? expected.Difference(o) : null);
        Assert.Contains("field b (offset 4) is missing", expected.Difference(expected with { Fields = [new("a", 0, 4, "u32")] }));
        Assert.Contains("a at offset 0 is s32, expected u32", expected.Difference(expected with { Fields = [new("a", 0, 4, "s32"), new("b", 4, 4, "u32")] }));
        Assert.Contains("unexpected field c at offset 8", expected.Difference(expected with { Fields = [.. expected.Fields, new("c", 8, 4, "u32")] }));
        Assert.Contains("has 12 bytes, expected 8", expected.Difference(expected with { Size = 12 }));
    }

    [Fact]
    public void FromElf_EveryTruncation_ThrowsFormatExceptionOnly()
    {
        var elf = TestObjects.Read("sample");
        for (var length = 0; length < elf.Length; length += 7)
        {
            Tolerate(elf.AsSpan(0, length).ToArray());
        }
    }

    [Fact]
    public void FromElf_RandomlyDamaged_ThrowsFormatExceptionOnly()
    {
        var elf = TestObjects.Read("sample");
        var random = new Random(20240607);
        for (var round = 0; round < 3000; round++)
        {
            var damaged = (byte[])elf.Clone();
            for (var i = 0; i < 20; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            Tolerate(damaged);
        }
    }

    [Fact]
    public void FromElf_NoBtf_SaysCompileWithDebugInformation()
    {
        var elf = TestObjects.Read("sample");
        var at = elf.AsSpan().IndexOf(".BTF\0"u8);
        elf[at] = (byte)'x';
        var second = elf.AsSpan(at + 1).IndexOf(".BTF\0"u8);
        if (second >= 0)
        {
            elf[at + 1 + second] = (byte)'x';
        }

        Assert.Contains("-g", Assert.Throws<BtfFormatException>(() => BtfSpec.FromElf(elf)).Message);
    }

    /// <summary>Reads everything a damaged file offers; only the format exception may come out.</summary>
    private static void Tolerate(byte[] elf)
    {
        try
        {
            var btf = BtfSpec.FromElf(elf);
            foreach (var type in btf.Types)
            {
                if (type.Kind is BtfKind.Struct or BtfKind.Union)
                {
                    BtfLayout.Of(btf, type);
                }

                btf.SizeOf(type.Id);
                btf.Describe(type.Id);
            }
        }
        catch (BtfFormatException)
        {
            // what a damaged file deserves
        }
    }
}
