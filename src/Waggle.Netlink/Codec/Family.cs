using System.Net;
using System.Net.Sockets;

namespace Waggle.Netlink;

/// <summary>Address families by Linux's numbers, which are not .NET's.</summary>
internal static class Family
{
    internal const byte Unspecified = 0;
    internal const byte Bridge = 7;
    internal const byte Inet = 2;
    internal const byte Inet6 = 10;

    internal static byte Of(IPAddress address) => Of(address.AddressFamily);

    internal static byte Of(AddressFamily family) => family switch
    {
        AddressFamily.Unspecified => Unspecified,
        AddressFamily.InterNetwork => Inet,
        AddressFamily.InterNetworkV6 => Inet6,
        _ => throw new ArgumentException($"Address family {family} has no routes or addresses here", nameof(family)),
    };

    internal static AddressFamily ToManaged(byte family) => family switch
    {
        Inet => AddressFamily.InterNetwork,
        Inet6 => AddressFamily.InterNetworkV6,
        _ => AddressFamily.Unspecified,
    };

    /// <summary>A prefix from the wire; bits behind its length are cleared, since hostile or odd data must not throw.</summary>
    internal static IPNetwork Network(byte family, IPAddress? address, int length)
    {
        Span<byte> octets = stackalloc byte[16];
        octets.Clear();
        int size = family == Inet ? 4 : 16;
        if (address is not null && !address.TryWriteBytes(octets[..size], out _))
            throw new NetlinkFormatException("A prefix's address is not of the message's family");
        if (length > size * 8)
            throw new NetlinkFormatException($"Prefix length {length} exceeds {size * 8}");
        for (int bit = length; bit < size * 8; bit++)
            octets[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(octets[..size]), length);
    }
}
