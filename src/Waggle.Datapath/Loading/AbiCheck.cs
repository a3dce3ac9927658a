using System.Collections.Immutable;
using Waggle.Bpf;
using Waggle.Bpf.Btf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>
/// Holds C against C#: every struct of bpf/abi that an object (or a pinned map) knows, field by field with offsets, nested ones
/// too, every enum value, and the key and value types of every shared map.
/// </summary>
internal static class AbiCheck
{
    /// <exception cref="BpfLayoutException">Names the struct, the field and both offsets.</exception>
    internal static void RequireObject(BpfObject o) => RequireTypes($"object {o.Name}", o.Btf, AbiLayouts.Structs, AbiLayouts.Enums);

    internal static void RequireTypes(string subject, BtfSpec btf, ImmutableArray<BtfLayout> structs, ImmutableArray<AbiEnum> enums)
    {
        foreach (var expected in structs)
        {
            if (Named(btf, expected.Name) is { } type && expected.Difference(BtfLayout.Of(btf, type)) is { } difference)
            {
                throw new BpfLayoutException(subject, difference);
            }
        }

        foreach (var expected in enums)
        {
            if ((btf.Find(BtfKind.Enum, expected.Name) ?? btf.Find(BtfKind.Enum64, expected.Name)) is { } type
                && expected.Values.FirstOrDefault(v => type.Values.Any(a => a.Name == v.Name && a.Value != v.Value)) is { } value)
            {
                throw new BpfLayoutException(subject, $"enum {expected.Name}: {value.Name} is {type.Values.First(a => a.Name == value.Name).Value}, expected {value.Value}");
            }
        }
    }

    /// <summary>The object's map has the key and value types of the catalogue.</summary>
    internal static void RequireDeclaration(BpfObject o, MapDefinition definition, BpfMapDeclaration declaration)
    {
        RequireName($"map {declaration.Name} of object {o.Name}", "key", definition.Key, o.Btf, declaration.KeyTypeId);
        RequireName($"map {declaration.Name} of object {o.Name}", "value", definition.Value, o.Btf, declaration.ValueTypeId);
    }

    /// <summary>A pinned map has the layouts of this program's C# types. Maps whose kernel keeps no BTF are held by size alone.</summary>
    internal static void RequireMap(MapDefinition definition, BpfMap map)
    {
        if (map.ReadBtf() is not { } btf)
        {
            return;
        }

        var subject = $"map {map.Name}";
        RequireName(subject, "key", definition.Key, btf, map.Info.KeyTypeId);
        RequireName(subject, "value", definition.Value, btf, map.Info.ValueTypeId);
        RequireLayout(subject, btf, map.Info.KeyTypeId);
        RequireLayout(subject, btf, map.Info.ValueTypeId);
    }

    private static void RequireLayout(string subject, BtfSpec btf, int id)
    {
        var type = btf.Resolve(id);
        if (AbiLayouts.Structs.FirstOrDefault(s => s.Name == type.Name) is { } expected && expected.Difference(BtfLayout.Of(btf, type)) is { } difference)
        {
            throw new BpfLayoutException(subject, difference);
        }
    }

    private static void RequireName(string subject, string role, string expected, BtfSpec btf, int id)
    {
        var type = btf.Resolve(id);
        var actual = type.Kind switch
        {
            BtfKind.Void => "",
            BtfKind.Int => $"{(type.Encoding.HasFlag(BtfIntEncoding.Signed) ? "s" : "u")}{type.Size * 8}",
            _ => type.Name,
        };
        if (actual != expected)
        {
            throw new BpfLayoutException(subject, $"its {role} is {(actual.Length == 0 ? "untyped" : actual)}, expected {(expected.Length == 0 ? "none" : expected)}");
        }
    }

    private static BtfType? Named(BtfSpec btf, string name) => btf.Find(BtfKind.Struct, name) ?? btf.Find(BtfKind.Union, name);
}
