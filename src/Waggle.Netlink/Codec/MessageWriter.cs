using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Builds one request: header, fixed structure, attributes. Sequence and port are filled in when it is sent.</summary>
internal ref struct MessageWriter
{
    private const ushort NestedFlag = 0x8000;
    private byte[] _buffer;
    private int _length;

    public MessageWriter(ushort type, MessageFlags flags, int capacity = 256)
    {
        _buffer = new byte[capacity];
        var header = new MessageHeader { Type = type, Flags = flags | MessageFlags.Request };
        MemoryMarshal.Write(_buffer, header);
        _length = MessageHeader.Size;
    }

    /// <summary>Appends the fixed structure that the message type begins with.</summary>
    public void Fixed<T>(in T value)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        MemoryMarshal.Write(Reserve((size + 3) & ~3), value);
    }

    public void U8(ushort type, byte value) => Begin(type, 1)[0] = value;

    public void U16(ushort type, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Begin(type, 2), value);

    public void U16BigEndian(ushort type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Begin(type, 2), value);

    public void U32(ushort type, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Begin(type, 4), value);

    public void I32(ushort type, int value) => BinaryPrimitives.WriteInt32LittleEndian(Begin(type, 4), value);

    public void U64(ushort type, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Begin(type, 8), value);

    /// <summary>An attribute whose presence is its value.</summary>
    public void Flag(ushort type) => Begin(type, 0);

    /// <summary>A string with its terminator.</summary>
    public void String(ushort type, string value)
    {
        Span<byte> space = Begin(type, Encoding.UTF8.GetByteCount(value) + 1);
        Encoding.UTF8.GetBytes(value, space);
    }

    public void Bytes(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Begin(type, value.Length));

    public void Address(ushort type, IPAddress value) => value.TryWriteBytes(Begin(type, value.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 4 : 16), out _);

    public void Mac(ushort type, MacAddress value) => value.CopyTo(Begin(type, MacAddress.Length));

    public void Struct<T>(ushort type, in T value)
        where T : unmanaged => MemoryMarshal.Write(Begin(type, Unsafe.SizeOf<T>()), value);

    /// <summary>Opens a nesting attribute; give the result to <see cref="EndNest"/>.</summary>
    public int BeginNest(ushort type)
    {
        int start = _length;
        Begin((ushort)(type | NestedFlag), 0);
        return start;
    }

    /// <summary>As <see cref="BeginNest"/> without the flag, for the few places where the kernel wants the bare type.</summary>
    public int BeginPlainNest(ushort type)
    {
        int start = _length;
        Begin(type, 0);
        return start;
    }

    public readonly void EndNest(int start)
    {
        int length = _length - start;
        if (length > ushort.MaxValue)
            ThrowHelper.TooLong(length);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(start), (ushort)length);
    }

    /// <summary>Bytes without a header of their own (e.g. struct rtnexthop), padded to 4.</summary>
    public int Raw<T>(in T value)
        where T : unmanaged
    {
        int start = _length;
        Fixed(value);
        return start;
    }

    /// <summary>Writes the length so far since <paramref name="start"/> as u16 there, as rtnexthop wants it.</summary>
    public readonly void PatchLength(int start) => EndNest(start);

    /// <summary>The finished message.</summary>
    public readonly byte[] ToArray()
    {
        byte[] message = _buffer.AsSpan(0, _length).ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)_length);
        return message;
    }

    private Span<byte> Begin(ushort type, int length)
    {
        if (length + 4 > ushort.MaxValue)
            ThrowHelper.TooLong(length);
        Span<byte> space = Reserve((length + 4 + 3) & ~3);
        BinaryPrimitives.WriteUInt16LittleEndian(space, (ushort)(length + 4));
        BinaryPrimitives.WriteUInt16LittleEndian(space[2..], type);
        return space.Slice(4, length);
    }

    private Span<byte> Reserve(int length)
    {
        if (_length + length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + length));
        Span<byte> space = _buffer.AsSpan(_length, length);
        _length += length;
        return space;
    }
}
