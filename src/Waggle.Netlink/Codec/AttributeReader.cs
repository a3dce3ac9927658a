using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>
/// Walks the attributes of a message or of a nesting attribute (struct nlattr: u16 length, u16 type, value, padding to 4).
/// No length in the data is trusted: what does not fit ends in <see cref="NetlinkFormatException"/>.
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> data)
{
    private const int HeaderLength = 4;
    private const ushort TypeMask = 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

    private ReadOnlySpan<byte> _rest = data;

    /// <summary>The current attribute's type without flag bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>The current attribute's value.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next attribute; false at the end.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
        {
            // Fewer than four bytes can only be padding.
            _rest = default;
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < HeaderLength || length > _rest.Length)
            ThrowHelper.BadLength("Attribute", length, _rest.Length);
        Type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & TypeMask);
        Value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>The attributes inside the current one.</summary>
    public readonly AttributeReader Nested() => new(Value);

    public readonly byte U8() => Checked(1)[0];

    public readonly bool Bool() => U8() != 0;

    public readonly ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Checked(2));

    public readonly ushort U16BigEndian() => BinaryPrimitives.ReadUInt16BigEndian(Checked(2));

    public readonly uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Checked(4));

    public readonly uint U32BigEndian() => BinaryPrimitives.ReadUInt32BigEndian(Checked(4));

    public readonly int I32() => BinaryPrimitives.ReadInt32LittleEndian(Checked(4));

    public readonly ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Checked(8));

    /// <summary>A string up to its terminator or the value's end.</summary>
    public readonly string String()
    {
        int end = Value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
    }

    /// <summary>An IPv4 or IPv6 address, by the value's length.</summary>
    public readonly IPAddress Address()
    {
        if (Value.Length is not (4 or 16))
            ThrowHelper.ShortValue(Type, Value.Length, 4);
        return new IPAddress(Value);
    }

    /// <summary>An Ethernet address; null for link layers with another length.</summary>
    public readonly MacAddress? Mac() => Value.Length == MacAddress.Length ? MacAddress.FromBytes(Value) : null;

    /// <summary>A structure at the value's start; a longer value is a newer kernel's.</summary>
    public readonly T Struct<T>()
        where T : unmanaged
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        return MemoryMarshal.Read<T>(Checked(size));
    }

    private readonly ReadOnlySpan<byte> Checked(int length)
    {
        if (Value.Length < length)
            ThrowHelper.ShortValue(Type, Value.Length, length);
        return Value;
    }
}
