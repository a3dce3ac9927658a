using System.Buffers.Binary;
using System.Globalization;

namespace Waggle.Datapath.Abi;

/// <summary><c>__be16</c>: bytes in network order, converts to and from the number.</summary>
public readonly record struct BigEndian16
{
    private readonly ushort raw;

    /// <param name="value">The number in host order.</param>
    public BigEndian16(ushort value) => raw = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>The number in host order.</summary>
    public ushort Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(raw) : raw;

    public static implicit operator ushort(BigEndian16 value) => value.Value;

    public static implicit operator BigEndian16(ushort value) => new(value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary><c>__be32</c>: bytes in network order, converts to and from the number.</summary>
public readonly record struct BigEndian32
{
    private readonly uint raw;

    /// <param name="value">The number in host order.</param>
    public BigEndian32(uint value) => raw = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>The number in host order.</summary>
    public uint Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(raw) : raw;

    public static implicit operator uint(BigEndian32 value) => value.Value;

    public static implicit operator BigEndian32(uint value) => new(value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary><c>__be64</c>: bytes in network order, converts to and from the number.</summary>
public readonly record struct BigEndian64
{
    private readonly ulong raw;

    /// <param name="value">The number in host order.</param>
    public BigEndian64(ulong value) => raw = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>The number in host order.</summary>
    public ulong Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(raw) : raw;

    public static implicit operator ulong(BigEndian64 value) => value.Value;

    public static implicit operator BigEndian64(ulong value) => new(value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
