using System.Collections.Immutable;

namespace Waggle.Bpf.Btf;

/// <summary>One BTF type. What its fields mean depends on <see cref="Kind"/>.</summary>
/// <param name="Id">Type id within its BTF; 0 is void.</param>
/// <param name="Kind">Which kind.</param>
/// <param name="Name">Name, empty for anonymous types.</param>
/// <param name="Size">Size in bytes of an int, enum, float, struct, union or data section; else 0.</param>
/// <param name="TypeId">The type referred to (pointer, typedef, qualifier, variable, array element, function); else 0.</param>
public sealed record BtfType(int Id, BtfKind Kind, string Name, int Size, int TypeId)
{
    /// <summary>Encoding of an int.</summary>
    public BtfIntEncoding Encoding { get; init; }

    /// <summary>Elements of an array.</summary>
    public int Count { get; init; }

    /// <summary>Members of a struct or union, in order.</summary>
    public ImmutableArray<BtfMember> Members { get; init; } = [];

    /// <summary>Values of an enum, in order; sign-extended when the enum is signed.</summary>
    public ImmutableArray<BtfEnumValue> Values { get; init; } = [];

    /// <summary>Whether an enum is signed.</summary>
    public bool IsSigned { get; init; }

    /// <summary>Variables of a data section, in order of offset.</summary>
    public ImmutableArray<BtfSectionVariable> Variables { get; init; } = [];
}

/// <summary>Encoding bits of BTF_KIND_INT.</summary>
[Flags]
public enum BtfIntEncoding
{
    Unsigned = 0,
    Signed = 1,
    Char = 2,
    Bool = 4,
}

/// <summary>A struct or union member. Offsets are in bits; <paramref name="BitSize"/> is 0 unless it is a bit field.</summary>
public sealed record BtfMember(string Name, int TypeId, int BitOffset, int BitSize);

/// <summary>A named value of an enum.</summary>
public sealed record BtfEnumValue(string Name, long Value);

/// <summary>A variable placed in a data section; offset and size in bytes.</summary>
public sealed record BtfSectionVariable(int VariableId, int Offset, int Size);
