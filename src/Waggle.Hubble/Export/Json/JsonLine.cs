using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;

namespace Waggle.Hubble.Export.Json;

/// <summary>
/// JSON as UTF-8 into one growing buffer that is used again and again. It knows just what flows need, and nothing is allocated for a
/// value. Field names come ready with quotes and colon.
/// </summary>
public sealed class JsonLine
{
    // What stands for itself inside quotes.
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private byte[] _bytes = new byte[16 * 1024];
    private int _length;
    private long _second = long.MinValue;
    private readonly byte[] _secondText = new byte[19];

    /// <summary>What was written since <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    /// <summary>Forgets what was written after a length, e.g. a line that turned out too long.</summary>
    public void Truncate(int length) => _length = Math.Min(_length, length);

    /// <summary>Starts an object that stands for itself.</summary>
    public void Begin() => Raw("{"u8);

    /// <summary>Starts an object in a field.</summary>
    public void Begin(ReadOnlySpan<byte> name)
    {
        Name(name);
        Raw("{"u8);
    }

    public void End() => Raw("}"u8);

    /// <summary>Starts a list in a field.</summary>
    public void BeginList(ReadOnlySpan<byte> name)
    {
        Name(name);
        Raw("["u8);
    }

    /// <summary>Puts the comma before all items but the first.</summary>
    public void Item()
    {
        if (_bytes[_length - 1] != '[')
        {
            Raw(","u8);
        }
    }

    public void EndList() => Raw("]"u8);

    /// <summary>A field's name, with the comma where one is needed.</summary>
    public void Name(ReadOnlySpan<byte> name)
    {
        Reserve(name.Length + 1);
        if (_bytes[_length - 1] != '{')
        {
            _bytes[_length++] = (byte)',';
        }

        name.CopyTo(_bytes.AsSpan(_length));
        _length += name.Length;
    }

    /// <summary>A text field; left out when empty, as proto3 leaves out defaults.</summary>
    public void Text(ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Name(name);
            Quoted(value);
        }
    }

    /// <summary>A text field whose value needs no escapes.</summary>
    public void Word(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0)
        {
            Name(name);
            Reserve(value.Length + 2);
            _bytes[_length++] = (byte)'"';
            value.CopyTo(_bytes.AsSpan(_length));
            _length += value.Length;
            _bytes[_length++] = (byte)'"';
        }
    }

    /// <summary>A number; left out when zero.</summary>
    public void Number(ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
        {
            Name(name);
            Digits(value);
        }
    }

    /// <summary>A 64-bit number: proto3's JSON quotes them, because JavaScript would round them.</summary>
    public void BigNumber(ReadOnlySpan<byte> name, ulong value)
    {
        if (value != 0)
        {
            Name(name);
            Reserve(24);
            _bytes[_length++] = (byte)'"';
            Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out int written);
            _length += written;
            _bytes[_length++] = (byte)'"';
        }
    }

    /// <summary>A truth; left out when false.</summary>
    public void True(ReadOnlySpan<byte> name, bool value)
    {
        if (value)
        {
            Name(name);
            Raw("true"u8);
        }
    }

    public void Address(ReadOnlySpan<byte> name, FlowAddress address)
    {
        if (!address.IsNone)
        {
            Name(name);
            Reserve(AddressText.MaxLength + 2);
            _bytes[_length++] = (byte)'"';
            _length += AddressText.Format(address, _bytes.AsSpan(_length));
            _bytes[_length++] = (byte)'"';
        }
    }

    /// <summary>A MAC address.</summary>
    public void Mac(ReadOnlySpan<byte> name, ulong mac)
    {
        Name(name);
        Reserve(19);
        Span<byte> target = _bytes.AsSpan(_length, 19);
        target[0] = target[18] = (byte)'"';
        for (int i = 0; i < 6; i++)
        {
            ulong part = mac >> (40 - 8 * i);
            target[1 + 3 * i] = Hex((int)(part >> 4) & 0xf);
            target[2 + 3 * i] = Hex((int)part & 0xf);
            if (i < 5)
            {
                target[3 + 3 * i] = (byte)':';
            }
        }

        _length += 19;
    }

    /// <summary>A uuid.</summary>
    public void Uuid(ReadOnlySpan<byte> name, Guid value)
    {
        Name(name);
        Reserve(38);
        _bytes[_length++] = (byte)'"';
        value.TryFormat(_bytes.AsSpan(_length), out int written);
        _length += written;
        _bytes[_length++] = (byte)'"';
    }

    /// <summary>A time in nanoseconds since 1970, with none, three, six or nine digits of the second's fraction.</summary>
    public void Time(ReadOnlySpan<byte> name, long unixNanoseconds)
    {
        Name(name);
        long second = Math.DivRem(unixNanoseconds, 1_000_000_000, out long rest);
        if (rest < 0)
        {
            (second, rest) = (second - 1, rest + 1_000_000_000);
        }

        if (second != _second)
        {
            // Many flows share a second: its text is made once.
            DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(second, -62135596800, 253402300799)).TryFormat(_secondText, out _, "yyyy-MM-dd'T'HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            _second = second;
        }

        Reserve(34);
        _bytes[_length++] = (byte)'"';
        _secondText.CopyTo(_bytes.AsSpan(_length));
        _length += 19;
        if (rest != 0)
        {
            int digits = rest % 1_000_000 == 0 ? 3 : rest % 1_000 == 0 ? 6 : 9;
            _bytes[_length++] = (byte)'.';
            long left = rest / (digits == 3 ? 1_000_000 : digits == 6 ? 1_000 : 1);
            for (int i = digits - 1; i >= 0; i--)
            {
                left = Math.DivRem(left, 10, out long digit);
                _bytes[_length + i] = (byte)('0' + digit);
            }

            _length += digits;
        }

        _bytes[_length++] = (byte)'Z';
        _bytes[_length++] = (byte)'"';
    }

    /// <summary>A list of texts; left out when empty.</summary>
    public void Texts(ReadOnlySpan<byte> name, IReadOnlyList<string>? values)
    {
        if (values is { Count: > 0 })
        {
            BeginList(name);
            for (int i = 0; i < values.Count; i++)
            {
                Item();
                Quoted(values[i]);
            }

            EndList();
        }
    }

    /// <summary>A text in quotes, escaped as JSON demands (RFC 8259 7). Half a surrogate pair becomes U+FFFD.</summary>
    public void Quoted(ReadOnlySpan<char> value)
    {
        Reserve(value.Length * 6 + 2);
        _bytes[_length++] = (byte)'"';
        if (value.IndexOfAnyExcept(Plain) < 0)
        {
            _length += Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length));
        }
        else
        {
            Escaped(value);
        }

        _bytes[_length++] = (byte)'"';
    }

    /// <summary>Bytes as they are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Digits(long value)
    {
        Reserve(20);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out int written);
        _length += written;
    }

    private void Escaped(ReadOnlySpan<char> value)
    {
        foreach (Rune rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"' or '\\':
                    _bytes[_length++] = (byte)'\\';
                    _bytes[_length++] = (byte)rune.Value;
                    break;
                case < 0x20 or 0x7f:
                    "\\u00"u8.CopyTo(_bytes.AsSpan(_length));
                    _length += 4;
                    _bytes[_length++] = Hex(rune.Value >> 4);
                    _bytes[_length++] = Hex(rune.Value & 0xf);
                    break;
                default:
                    _length += rune.EncodeToUtf8(_bytes.AsSpan(_length));
                    break;
            }
        }
    }

    private static byte Hex(int digit) => (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Grow(count);
        }
    }

    private void Grow(int count) => Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
}
