using System.Net;
using System.Net.Sockets;

namespace Waggle.Datapath.Abi;

/// <summary>An IP address of either family as the datapath keeps it: 16 bytes, IPv4 as v4-mapped IPv6 (RFC 4291 2.5.5.2).</summary>
public partial struct Address
{
    private const ulong MappedPrefix = 0xffff_0000_0000;

    /// <summary>All zero: no address.</summary>
    public readonly bool IsNone => High.Value == 0 && Low.Value == 0;

    /// <summary>Whether it is a v4-mapped address.</summary>
    public readonly bool IsIPv4 => High.Value == 0 && (Low.Value & 0xffff_ffff_0000_0000) == MappedPrefix;

    /// <summary>From an address of either family; null gives none. A scope id is dropped.</summary>
    public static Address From(IPAddress? address)
    {
        if (address is null)
        {
            return default;
        }

        Span<byte> bytes = stackalloc byte[16];
        var mapped = address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6() : address;
        mapped.TryWriteBytes(bytes, out _);
        return From(bytes);
    }

    /// <summary>From 16 bytes in network order.</summary>
    public static Address From(ReadOnlySpan<byte> bytes) => new()
    {
        High = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes),
        Low = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
    };

    /// <summary>The address in its own family; none gives null.</summary>
    public readonly IPAddress? ToIPAddress()
    {
        if (IsNone)
        {
            return null;
        }

        return IsIPv4 ? new IPAddress(AbiBytes.Of(in this)[12..]) : new IPAddress(AbiBytes.Of(in this));
    }

    public override readonly string ToString() => ToIPAddress()?.ToString() ?? "none";
}
