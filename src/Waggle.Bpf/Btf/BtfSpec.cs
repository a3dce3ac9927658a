using System.Collections.Immutable;

namespace Waggle.Bpf.Btf;

/// <summary>The types of one BTF blob, with the questions this project asks of them. Immutable.</summary>
public sealed class BtfSpec
{
    /// <summary>Longest chain of typedefs and qualifiers followed; a longer one is malformed or cyclic.</summary>
    private const int MaxDepth = 32;

    private readonly ImmutableArray<BtfType> types;

    private BtfSpec(ImmutableArray<BtfType> types) => this.types = types;

    /// <summary>All types; index is the type id, 0 is void.</summary>
    public ImmutableArray<BtfType> Types => types;

    /// <summary>Decodes raw BTF.</summary>
    /// <exception cref="BtfFormatException">The bytes are not BTF.</exception>
    public static BtfSpec Parse(ReadOnlySpan<byte> data) => new(BtfReader.Read(data));

    /// <summary>Decodes the <c>.BTF</c> section of an ELF object.</summary>
    /// <exception cref="BtfFormatException">Not a 64-bit little-endian ELF object, or it has no BTF (compile with -g).</exception>
    public static BtfSpec FromElf(ReadOnlySpan<byte> elf) =>
        ElfSections.TryFind(elf, ".BTF", out var section)
            ? Parse(section)
            : throw new BtfFormatException("the object has no .BTF section: compile it with -g");

    /// <summary>The type with this id.</summary>
    public BtfType this[int id] =>
        (uint)id < (uint)types.Length ? types[id] : throw new BtfFormatException($"BTF type id {id} is out of range");

    /// <summary>The first type with this kind and name.</summary>
    public BtfType? Find(BtfKind kind, string name)
    {
        foreach (var type in types)
        {
            if (type.Kind == kind && type.Name == name)
            {
                return type;
            }
        }

        return null;
    }

    /// <summary>Strips typedefs, qualifiers and type tags.</summary>
    public BtfType Resolve(int id)
    {
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            var type = this[id];
            if (type.Kind is not (BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag))
            {
                return type;
            }

            id = type.TypeId;
        }

        throw new BtfFormatException($"BTF type {id} refers to itself");
    }

    /// <summary>Size in bytes of a type as it lies in memory.</summary>
    public int SizeOf(int id) => SizeOf(id, 0);

    private int SizeOf(int id, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new BtfFormatException($"BTF type {id} is nested too deeply");
        }

        var type = Resolve(id);
        return type.Kind switch
        {
            BtfKind.Pointer => 8,
            BtfKind.Array => (long)type.Count * SizeOf(type.TypeId, depth + 1) is var size and <= int.MaxValue
                ? (int)size
                : throw new BtfFormatException($"BTF type {id} is too big"),
            _ => type.Size,
        };
    }

    /// <summary>How C would write the type; for messages.</summary>
    public string Describe(int id) => Describe(id, 0);

    private string Describe(int id, int depth)
    {
        if (depth > MaxDepth)
        {
            return "…";
        }

        var type = this[id];
        return type.Kind switch
        {
            BtfKind.Struct => type.Name.Length > 0 ? $"struct {type.Name}" : "struct <anonymous>",
            BtfKind.Union => type.Name.Length > 0 ? $"union {type.Name}" : "union <anonymous>",
            BtfKind.Enum or BtfKind.Enum64 => type.Name.Length > 0 ? $"enum {type.Name}" : "enum <anonymous>",
            BtfKind.Array => $"{Describe(type.TypeId, depth + 1)}[{type.Count}]",
            BtfKind.Pointer => $"{(type.TypeId == 0 ? "void" : Describe(type.TypeId, depth + 1))} *",
            BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag => Describe(type.TypeId, depth + 1),
            _ => type.Name,
        };
    }
}
