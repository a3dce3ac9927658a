using System.Buffers.Binary;
using System.Net;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>The Internet checksum (RFC 1071), written apart from the C code it checks.</summary>
internal static class Checksum
{
    public static ulong Add(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        for (var i = 0; i + 1 < bytes.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        }

        return bytes.Length % 2 == 0 ? sum : sum + ((ulong)bytes[^1] << 8);
    }

    public static ulong Pseudo(IPAddress source, IPAddress destination, int length, byte protocol) =>
        Add(source.GetAddressBytes()) + Add(destination.GetAddressBytes()) + (ulong)length + protocol;

    public static ushort Fold(ulong sum)
    {
        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
