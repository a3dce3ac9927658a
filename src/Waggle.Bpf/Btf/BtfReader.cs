using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Waggle.Bpf.Btf;

/// <summary>
/// Decodes raw BTF (Documentation/bpf/btf.rst). Input may come from anywhere: every offset is checked, nothing recurses.
/// Only little-endian BTF is accepted (all machines Waggle builds for).
/// </summary>
internal ref struct BtfReader
{
    private const ushort Magic = 0xEB9F;
    private const int HeaderLength = 24;

    private readonly ReadOnlySpan<byte> types;
    private readonly ReadOnlySpan<byte> strings;
    private int position;

    private BtfReader(ReadOnlySpan<byte> types, ReadOnlySpan<byte> strings)
    {
        this.types = types;
        this.strings = strings;
    }

    internal static ImmutableArray<BtfType> Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderLength || BinaryPrimitives.ReadUInt16LittleEndian(data) != Magic)
        {
            throw new BtfFormatException("not BTF: bad magic or truncated header");
        }

        if (data[2] != 1)
        {
            throw new BtfFormatException($"BTF version {data[2]} is unknown");
        }

        var header = BinaryPrimitives.ReadInt32LittleEndian(data[4..]);
        var typeOffset = BinaryPrimitives.ReadUInt32LittleEndian(data[8..]);
        var typeLength = BinaryPrimitives.ReadUInt32LittleEndian(data[12..]);
        var stringOffset = BinaryPrimitives.ReadUInt32LittleEndian(data[16..]);
        var stringLength = BinaryPrimitives.ReadUInt32LittleEndian(data[20..]);
        if (header < HeaderLength || header > data.Length)
        {
            throw new BtfFormatException("BTF header length is out of range");
        }

        var body = data[header..];
        var reader = new BtfReader(Section(body, typeOffset, typeLength, "type"), Section(body, stringOffset, stringLength, "string"));
        return reader.ReadAll();
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> body, uint offset, uint length, string name) =>
        (ulong)offset + length <= (ulong)body.Length
            ? body.Slice((int)offset, (int)length)
            : throw new BtfFormatException($"BTF {name} section is out of range");

    private ImmutableArray<BtfType> ReadAll()
    {
        var result = ImmutableArray.CreateBuilder<BtfType>();
        result.Add(new BtfType(0, BtfKind.Void, "void", 0, 0));
        while (position < types.Length)
        {
            result.Add(ReadType(result.Count));
        }

        return result.ToImmutable();
    }

    private BtfType ReadType(int id)
    {
        var name = Text(NextUInt32());
        var info = NextUInt32();
        var sizeOrType = NextUInt32();
        var kind = (BtfKind)((info >> 24) & 0x1f);
        var length = (int)(info & 0xffff);
        var flag = info >> 31 != 0;
        if (sizeOrType > int.MaxValue)
        {
            throw new BtfFormatException($"BTF type {id}: size or type id is out of range");
        }

        var value = (int)sizeOrType;
        switch (kind)
        {
            case BtfKind.Int:
                return new BtfType(id, kind, name, value, 0) { Encoding = (BtfIntEncoding)((NextUInt32() >> 24) & 0xf) };
            case BtfKind.Array:
                var element = NextId();
                NextUInt32(); // index type
                return new BtfType(id, kind, name, 0, element) { Count = NextLength() };
            case BtfKind.Struct or BtfKind.Union:
                return new BtfType(id, kind, name, value, 0) { Members = ReadMembers(length, flag) };
            case BtfKind.Enum or BtfKind.Enum64:
                return new BtfType(id, kind, name, value, 0) { IsSigned = flag, Values = ReadEnum(length, kind, flag) };
            case BtfKind.FunctionPrototype:
                Skip(length * 8);
                return new BtfType(id, kind, name, 0, value);
            case BtfKind.Variable or BtfKind.DeclarationTag:
                Skip(4);
                return new BtfType(id, kind, name, 0, value);
            case BtfKind.DataSection:
                return new BtfType(id, kind, name, value, 0) { Variables = ReadVariables(length) };
            case BtfKind.Float:
                return new BtfType(id, kind, name, value, 0);
            case BtfKind.Pointer or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
                or BtfKind.Function or BtfKind.TypeTag:
                return new BtfType(id, kind, name, 0, value);
            case BtfKind.Forward:
                return new BtfType(id, kind, name, 0, 0);
            default:
                throw new BtfFormatException($"BTF type {id} has unknown kind {(int)kind}");
        }
    }

    private ImmutableArray<BtfMember> ReadMembers(int count, bool bitfields)
    {
        var members = ImmutableArray.CreateBuilder<BtfMember>();
        for (var i = 0; i < count; i++)
        {
            var name = Text(NextUInt32());
            var type = NextId();
            members.Add(bitfields
                ? BitField(name, type, NextUInt32())
                : new BtfMember(name, type, NextLength(), 0));
        }

        return members.ToImmutable();
    }

    private static BtfMember BitField(string name, int type, uint offset) => new(name, type, (int)(offset & 0xffffff), (int)(offset >> 24));

    private ImmutableArray<BtfEnumValue> ReadEnum(int count, BtfKind kind, bool signed)
    {
        var values = ImmutableArray.CreateBuilder<BtfEnumValue>();
        for (var i = 0; i < count; i++)
        {
            var name = Text(NextUInt32());
            var low = NextUInt32();
            var value = kind == BtfKind.Enum64
                ? (long)(((ulong)NextUInt32() << 32) | low)
                : signed ? (int)low : low;
            values.Add(new BtfEnumValue(name, value));
        }

        return values.ToImmutable();
    }

    private ImmutableArray<BtfSectionVariable> ReadVariables(int count)
    {
        var variables = ImmutableArray.CreateBuilder<BtfSectionVariable>();
        for (var i = 0; i < count; i++)
        {
            variables.Add(new BtfSectionVariable(NextId(), NextLength(), NextLength()));
        }

        return variables.ToImmutable();
    }

    private int NextId() => NextLength();

    private int NextLength()
    {
        var value = NextUInt32();
        return value <= int.MaxValue ? (int)value : throw new BtfFormatException("BTF number is out of range");
    }

    private uint NextUInt32()
    {
        if (types.Length - position < 4)
        {
            throw new BtfFormatException("BTF type section ends inside a type");
        }

        var value = BinaryPrimitives.ReadUInt32LittleEndian(types[position..]);
        position += 4;
        return value;
    }

    private void Skip(int bytes)
    {
        if (types.Length - position < bytes)
        {
            throw new BtfFormatException("BTF type section ends inside a type");
        }

        position += bytes;
    }

    private readonly string Text(uint offset)
    {
        if (offset == 0)
        {
            return "";
        }

        if (offset >= strings.Length)
        {
            throw new BtfFormatException("BTF string offset is out of range");
        }

        var rest = strings[(int)offset..];
        var end = rest.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(rest[..end]) : throw new BtfFormatException("BTF string is not terminated");
    }
}
