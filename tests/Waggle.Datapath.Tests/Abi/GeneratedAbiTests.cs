using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Abi;

public class GeneratedAbiTests
{
    [Fact]
    public void Structs_SizesAndOffsetsInMemory_AreThoseOfC()
    {
        var types = typeof(Address).Assembly.GetTypes().Where(t => t.IsValueType && typeof(IAbiType).IsAssignableFrom(t)).ToList();
        Assert.Equal(AbiLayouts.Structs.Length, types.Count);
        foreach (var type in types)
        {
            var name = (string)type.GetProperties(BindingFlags.NonPublic | BindingFlags.Static).Single(p => p.Name.EndsWith("StructName", StringComparison.Ordinal)).GetValue(null)!;
            var layout = AbiLayouts.Structs.Single(s => s.Name == name);
            Assert.Equal(layout.Size, SizeOf(type));
            var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance).ToDictionary(f => f.GetCustomAttribute<FieldOffsetAttribute>()!.Value, f => SizeOf(f.FieldType));
            var expected = layout.Fields.Where(f => !f.Path.Contains('.')).ToDictionary(f => f.Offset, f => f.Size);
            Assert.Equal(expected.OrderBy(e => e.Key), fields.OrderBy(f => f.Key));
        }
    }

    [Theory]
    [InlineData("192.0.2.7", "00000000000000000000ffffc0000207")]
    [InlineData("2001:db8::1", "20010db8000000000000000000000001")]
    [InlineData("225.0.0.21", "00000000000000000000ffffe1000015")]
    public void Address_BothFamilies_RoundTripInNetworkOrder(string text, string hex)
    {
        var address = Address.From(IPAddress.Parse(text));
        Assert.Equal(hex, Convert.ToHexStringLower(MemoryMarshal.AsBytes(new ReadOnlySpan<Address>(in address))));
        Assert.Equal(IPAddress.Parse(text), address.ToIPAddress());
        Assert.Equal(text, address.ToString());
        Assert.Equal(text.Contains('.'), address.IsIPv4);
    }

    [Fact]
    public void Address_None_IsNull()
    {
        Assert.True(Address.From((IPAddress?)null).IsNone);
        Assert.Null(default(Address).ToIPAddress());
    }

    [Fact]
    public void Equality_IsThatOfTheBytes()
    {
        var a = new McastGroup();
        var b = new McastGroup();
        Assert.Equal(a, b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
        b.Words[255] = 1;
        Assert.NotEqual(a, b);
        Assert.True(a != b);
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
