using Waggle.Bpf.Btf;
using Waggle.Datapath.Tests.Loading;
using Waggle.Tools.AbiGen;

namespace Waggle.Datapath.Tests.Abi;

public class AbiGenTests
{
    [Theory]
    [InlineData("struct hole_inside, field second: 3 bytes of implicit padding before it, at offset 1")]
    [InlineData("struct hole_at_end, field second: 7 bytes of implicit padding after it, at offset 9")]
    [InlineData("struct plain_int, field value: int has no fixed width")]
    [InlineData("struct long_in_array, field values: unsigned long has no fixed width")]
    [InlineData("struct enum_field, field colour: enum colour has no fixed width")]
    [InlineData("struct pointer_field, field pointer: void * has no fixed width")]
    [InlineData("enum negative, value MINUS: not in 0")]
    [InlineData("struct bits, field low: bit fields")]
    [InlineData("struct <anonymous> with fields a: give it a name")]
    public void Check_UnsoundStruct_NamesStructFieldAndFault(string expected) =>
        Assert.Contains(AbiRules.Check(BtfSpec.FromElf(LoaderFixture.Object("unsound"))), p => p.StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void Write_SoundStructs_OffsetsArraysAndNames()
    {
        var btf = BtfSpec.FromElf(LoaderFixture.Object("sound"));
        Assert.Empty(AbiRules.Check(btf));

        var code = new CSharpWriter(btf, "Some.Where").Write();

        Assert.Contains("namespace Some.Where;", code);
        Assert.Contains("[StructLayout(LayoutKind.Explicit, Size = 48)]\npublic partial struct OuterPart", code);
        Assert.Contains("[FieldOffset(0)] public BigEndian32 Id;", code);
        Assert.Contains("[FieldOffset(4)] public UshortArray2 Parts;", code);
        Assert.Contains("[FieldOffset(8)] public EitherWay Either;", code);
        Assert.Contains("[FieldOffset(0)] public InnerPart Part;", code);
        Assert.Contains("[FieldOffset(16)] public InnerPartArray3 More;", code);
        Assert.Contains("[FieldOffset(40)] public sbyte Tiny;", code);
        Assert.Contains("[InlineArray(3)]\npublic struct InnerPartArray3", code);
        Assert.Contains("[Flags]\npublic enum SomeFlags : uint", code);
        Assert.Contains("    _2x = 4,", code);
        Assert.Contains("public const int LimitOfAll = 7;", code);
        Assert.Contains("new(\"either.part.id\", 8, 4, \"u32\"),", code);
        Assert.Contains("new(\"more[].parts\", 20, 4, \"u16[2]\"),", code);
    }
}
