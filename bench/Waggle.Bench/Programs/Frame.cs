using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;

namespace Waggle.Bench.Programs;

/// <summary>The packet of the measurements: a UDP datagram of 64 bytes payload, as a pod sends it.</summary>
internal static class Frame
{
    /// <summary>Bytes that the wrapper restores before each run (HEAD in wrapper.h).</summary>
    internal const int HeadLength = 36;

    private const int Payload = 64;

    [InlineArray(HeadLength)]
    internal struct Head
    {
        private byte _element;
    }

    internal static byte[] Udp(ReadOnlySpan<byte> to, ReadOnlySpan<byte> from, IPAddress source, IPAddress destination)
    {
        var frame = new byte[14 + 20 + 8 + Payload];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        var ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[8] = 64;
        ip[9] = 17;
        source.GetAddressBytes().CopyTo(ip[12..]);
        destination.GetAddressBytes().CopyTo(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], 40000);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], 5999);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], 8 + Payload);
        return frame;
    }

    internal static Head HeadOf(ReadOnlySpan<byte> frame)
    {
        Head head = default;
        frame[..HeadLength].CopyTo(head);
        return head;
    }

    /// <summary>RFC 1071; for other peers than the first the wrapper leaves it as it is: nothing here reads it.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (var i = 0; i < header.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~(sum + (sum >> 16));
    }
}
