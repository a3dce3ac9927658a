using System.Runtime.CompilerServices;
using System.Text;

namespace Waggle.Hubble.Codec;

/// <summary>
/// Protobuf's wire format by hand, for what is written hundreds of thousands of times a second. The caller gives room enough: see
/// <see cref="TextRoom"/>. Default values are left out, as proto3 has it.
/// </summary>
internal ref struct WireWriter(Span<byte> target)
{
    /// <summary>Longest tag and length of a field.</summary>
    public const int FieldRoom = 10;

    private readonly Span<byte> _target = target;
    private int _length;

    /// <summary>Bytes written.</summary>
    public readonly int Length => _length;

    /// <summary>Room for a text field, whatever its letters.</summary>
    public static int TextRoom(string text) => FieldRoom + (3 * text.Length);

    public void Number(int field, ulong value)
    {
        if (value != 0)
        {
            Varint((uint)field << 3);
            Varint(value);
        }
    }

    public void Flag(int field, bool value) => Number(field, value ? 1UL : 0);

    /// <summary>Negative numbers of 32 and 64 bits take ten bytes.</summary>
    public void Signed(int field, long value) => Number(field, (ulong)value);

    public void Text(int field, string text)
    {
        if (text.Length > 0)
        {
            TextOrEmpty(field, text);
        }
    }

    /// <summary>One of a repeated field, which is there even when it is empty.</summary>
    public void TextOrEmpty(int field, string text)
    {
        var mark = Begin(field);
        _length += Encoding.UTF8.GetBytes(text, _target[_length..]);
        End(mark);
    }

    public void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Varint(((uint)field << 3) | 2);
        Varint((uint)bytes.Length);
        bytes.CopyTo(_target[_length..]);
        _length += bytes.Length;
    }

    /// <summary>Fields that were encoded elsewhere.</summary>
    public readonly Span<byte> Room => _target[_length..];

    /// <summary>Counts what was written into <see cref="Room"/>.</summary>
    public void Advance(int bytes) => _length += bytes;

    /// <summary>Starts a message within the message; give the result to <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        Varint(((uint)field << 3) | 2);
        return ++_length;
    }

    /// <summary>Ends it: most are shorter than 128 bytes, so their length has one byte and lies where it was expected.</summary>
    public void End(int mark)
    {
        var size = _length - mark;
        if (size < 0x80)
        {
            _target[mark - 1] = (byte)size;
            return;
        }

        var extra = VarintSize((uint)size) - 1;
        _target[mark.._length].CopyTo(_target[(mark + extra)..]);
        _length = mark - 1;
        Varint((uint)size);
        _length += size;
    }

    /// <summary>Makes a field of bytes that lie so far ahead already; they are moved if tag and length need another size.</summary>
    public void Wrap(int field, int ahead, int bytes)
    {
        var head = VarintSize((uint)field << 3) + VarintSize((uint)bytes);
        if (head != ahead)
        {
            _target.Slice(_length + ahead, bytes).CopyTo(_target[(_length + head)..]);
        }

        Varint(((uint)field << 3) | 2);
        Varint((uint)bytes);
        _length += bytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _target[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _target[_length++] = (byte)value;
    }

    private static int VarintSize(uint value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }
}
