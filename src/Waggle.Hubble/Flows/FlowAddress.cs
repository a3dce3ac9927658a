using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Hubble.Flows;

/// <summary>An IP address of either family in 16 bytes, IPv4 as v4-mapped IPv6 (RFC 4291 2.5.5.2); all zero: none.</summary>
/// <param name="High">First 8 bytes, in host order.</param>
/// <param name="Low">Last 8 bytes, in host order.</param>
public readonly record struct FlowAddress(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0xffff_0000_0000;

    /// <summary>No address.</summary>
    public bool IsNone => High == 0 && Low == 0;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIPv4 => High == 0 && (Low & 0xffff_ffff_0000_0000) == MappedPrefix;

    /// <summary>224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsIPv4 ? (Low & 0xf000_0000) == 0xe000_0000 : High >> 56 == 0xff;

    /// <summary>From 4 bytes in network order.</summary>
    public static FlowAddress FromIPv4(uint hostOrder) => new(0, MappedPrefix | hostOrder);

    /// <summary>From 4 or 16 bytes in network order; anything else gives none.</summary>
    public static FlowAddress From(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
        _ => default,
    };

    /// <summary>From an address; null gives none. A scope id is dropped.</summary>
    public static FlowAddress From(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address is not null && address.TryWriteBytes(bytes, out var length) ? From(bytes[..length]) : default;
    }

    /// <summary>Parses either family.</summary>
    public static bool TryParse(string text, out FlowAddress address)
    {
        var ok = IPAddress.TryParse(text, out var parsed) && (parsed.AddressFamily != AddressFamily.InterNetworkV6 || parsed.ScopeId == 0);
        address = ok ? From(parsed) : default;
        return ok;
    }

    /// <summary>The address in its own family; none gives null.</summary>
    public IPAddress? ToIPAddress()
    {
        if (IsNone)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return new IPAddress(IsIPv4 ? bytes[12..] : bytes);
    }

    /// <summary>Text of the address in its own family; none is empty.</summary>
    public override string ToString()
    {
        if (!IsIPv4)
        {
            return ToIPAddress()?.ToString() ?? "";
        }

        Span<char> text = stackalloc char[15];
        var length = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            ((byte)(Low >> shift)).TryFormat(text[length..], out var written, default, System.Globalization.CultureInfo.InvariantCulture);
            length += written;
            if (shift > 0)
            {
                text[length++] = '.';
            }
        }

        return new string(text[..length]);
    }
}
