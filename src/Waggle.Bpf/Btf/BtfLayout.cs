using System.Collections.Immutable;

namespace Waggle.Bpf.Btf;

/// <summary>One scalar or array of a flattened struct: dotted path ("header.type", "sources[].high"), offset and size in bytes.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Offset">Bytes from the start of the outermost struct.</param>
/// <param name="Size">Bytes in all.</param>
/// <param name="Type">Width and signedness ("u32", "s64", "u8[6]", "address[64]").</param>
public sealed record BtfLayoutField(string Path, int Offset, int Size, string Type);

/// <summary>
/// The memory layout of a C struct or union with nested structs flattened: what C and C# must agree on. Comparing sizes alone
/// lets swapped fields through, so every offset is in here.
/// </summary>
/// <param name="Name">Name of the struct.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Fields">All fields, outer before inner, in order of declaration.</param>
public sealed record BtfLayout(string Name, int Size, ImmutableArray<BtfLayoutField> Fields)
{
    private const int MaxDepth = 16;
    private const int MaxFields = 65536;

    /// <summary>The layout of a struct or union of this BTF.</summary>
    public static BtfLayout Of(BtfSpec btf, BtfType type)
    {
        var fields = ImmutableArray.CreateBuilder<BtfLayoutField>();
        Flatten(btf, type, "", 0, fields, 0);
        return new BtfLayout(type.Name, type.Size, fields.ToImmutable());
    }

    /// <summary>The first difference as a sentence naming field and offsets; null when both agree.</summary>
    /// <param name="actual">The other layout, for instance of the object being loaded.</param>
    public string? Difference(BtfLayout actual)
    {
        var others = actual.Fields.ToDictionary(f => f.Path);
        foreach (var field in Fields)
        {
            if (!others.Remove(field.Path, out var other))
            {
                return $"struct {Name}: field {field.Path} (offset {field.Offset}) is missing";
            }

            if (other.Offset != field.Offset)
            {
                return $"struct {Name}: field {field.Path} is at offset {other.Offset}, expected at {field.Offset}";
            }

            if (other.Type != field.Type || other.Size != field.Size)
            {
                return $"struct {Name}: field {field.Path} at offset {field.Offset} is {other.Type}, expected {field.Type}";
            }
        }

        if (others.Count > 0)
        {
            var extra = others.Values.MinBy(f => f.Offset)!;
            return $"struct {Name}: unexpected field {extra.Path} at offset {extra.Offset}";
        }

        return actual.Size == Size ? null : $"struct {Name} has {actual.Size} bytes, expected {Size}";
    }

    private static void Flatten(BtfSpec btf, BtfType type, string prefix, int start, ImmutableArray<BtfLayoutField>.Builder into, int depth)
    {
        if (depth > MaxDepth || into.Count > MaxFields)
        {
            throw new BtfFormatException($"struct {type.Name} is nested too deeply");
        }

        foreach (var member in type.Members)
        {
            var offset = start + (member.BitOffset / 8);
            var resolved = btf.Resolve(member.TypeId);
            var path = prefix + member.Name;
            var description = Scalar(btf, member.TypeId);
            if (member.BitSize != 0)
            {
                description += $":{member.BitSize}@{member.BitOffset % 8}";
            }

            into.Add(new BtfLayoutField(path, offset, btf.SizeOf(member.TypeId), description));
            var element = resolved.Kind == BtfKind.Array ? btf.Resolve(resolved.TypeId) : resolved;
            if (element.Kind is BtfKind.Struct or BtfKind.Union)
            {
                var inner = resolved.Kind == BtfKind.Array ? path + "[]." : path + ".";
                Flatten(btf, element, inner, offset, into, depth + 1);
            }
        }
    }

    private static string Scalar(BtfSpec btf, int id)
    {
        var type = btf.Resolve(id);
        return type.Kind switch
        {
            BtfKind.Int => (type.Encoding.HasFlag(BtfIntEncoding.Signed) ? "s" : "u") + (type.Size * 8),
            BtfKind.Array => $"{Scalar(btf, type.TypeId)}[{type.Count}]",
            BtfKind.Struct or BtfKind.Union => type.Name,
            _ => $"{type.Kind.ToString().ToLowerInvariant()}{btf.SizeOf(id) * 8}",
        };
    }
}
