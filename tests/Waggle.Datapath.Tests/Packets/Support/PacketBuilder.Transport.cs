using System.Buffers.Binary;

namespace Waggle.Datapath.Tests.Packets.Support;

internal sealed partial class PacketBuilder
{
    public const byte Icmp = 1;
    public const byte Igmp = 2;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Icmpv6 = 58;

    public PacketBuilder UdpPorts(ushort from, ushort to, int payload = 8)
    {
        var bytes = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, from);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), to);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
        bytes.AsSpan(8).Fill(0x61);
        return Message(Udp, bytes, 6, pseudo: true);
    }

    public PacketBuilder TcpPorts(ushort from, ushort to, byte flags = 2, int payload = 0)
    {
        var bytes = new byte[20 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, from);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), to);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 0x01020304);
        bytes[12] = 5 << 4;
        bytes[13] = flags;
        bytes.AsSpan(20).Fill(0x62);
        return Message(Tcp, bytes, 16, pseudo: true);
    }

    /// <summary>Echo request of the packet's family, or a reply.</summary>
    public PacketBuilder Echo(ushort id, bool reply = false, int payload = 8)
    {
        var bytes = new byte[8 + payload];
        bytes[0] = (IsIPv6, reply) switch { (true, false) => 128, (true, true) => 129, (false, false) => 8, _ => 0 };
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), 1);
        return IcmpMessage(bytes);
    }

    /// <summary>An ICMP error about <paramref name="quoted"/>, a frame whose IP packet is quoted up to <paramref name="length"/> bytes.</summary>
    public PacketBuilder IcmpError(byte type, byte code, byte[] quoted, int length = 68, uint rest = 0)
    {
        var quote = quoted.AsSpan(14, Math.Min(length, quoted.Length - 14));
        var bytes = new byte[8 + quote.Length];
        bytes[0] = type;
        bytes[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), rest);
        quote.CopyTo(bytes.AsSpan(8));
        return IcmpMessage(bytes);
    }

    /// <summary>A whole ICMP or ICMPv6 message; its checksum is filled in.</summary>
    public PacketBuilder IcmpMessage(byte[] bytes) => Message(IsIPv6 ? Icmpv6 : Icmp, bytes, 2, pseudo: IsIPv6);
}
