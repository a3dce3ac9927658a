using System.Buffers.Binary;
using System.Net;

namespace Waggle.Tests.Support;

/// <summary>Frames as a capture would hold them; checksums are left out.</summary>
internal static class Frames
{
    public static byte[] Udp4(string source, ushort sourcePort, string destination, ushort destinationPort)
    {
        var transport = new byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(transport, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(2), destinationPort);
        return IPv4(source, destination, 17, transport);
    }

    public static byte[] IPv4(string source, string destination, byte protocol, ReadOnlySpan<byte> transport)
    {
        var packet = new byte[20 + transport.Length];
        packet[0] = 0x45;
        packet[9] = protocol;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 12);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 16);
        transport.CopyTo(packet.AsSpan(20));
        return Ethernet(0x0800, packet);
    }

    public static byte[] IPv6(string source, string destination, byte next, ReadOnlySpan<byte> rest)
    {
        var packet = new byte[40 + rest.Length];
        packet[0] = 0x60;
        packet[6] = next;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 8);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 24);
        rest.CopyTo(packet.AsSpan(40));
        return Ethernet(0x86dd, packet);
    }

    public static byte[] Ethernet(ushort type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[14 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), type);
        payload.CopyTo(frame.AsSpan(14));
        return frame;
    }
}
