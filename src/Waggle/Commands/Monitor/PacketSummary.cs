using System.Buffers.Binary;
using System.Net;

namespace Waggle.Commands.Monitor;

/// <summary>One line about a captured packet: addresses, ports and what it is. Captures are cut short and may be garbage: nothing is trusted.</summary>
internal static class PacketSummary
{
    private const ushort IPv4 = 0x0800, IPv6 = 0x86dd, Arp = 0x0806, Vlan = 0x8100;

    /// <param name="frame">From the Ethernet header on.</param>
    public static string Of(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 14)
        {
            return "(nothing captured)";
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        var payload = frame[14..];
        if (type == Vlan && payload.Length >= 4)
        {
            type = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
            payload = payload[4..];
        }

        return type switch
        {
            IPv4 => OfIPv4(payload),
            IPv6 => OfIPv6(payload),
            Arp => OfArp(payload),
            _ => $"ethertype 0x{type:x4}",
        };
    }

    private static string OfIPv4(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 20 || packet[0] >> 4 != 4)
        {
            return "IPv4 (malformed)";
        }

        var header = (packet[0] & 15) * 4;
        var fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1fff;
        var source = new IPAddress(packet[12..16]);
        var destination = new IPAddress(packet[16..20]);
        return fragment != 0
            ? $"{source} -> {destination} fragment at {fragment * 8}"
            : Transport(packet[9], header >= 20 && header <= packet.Length ? packet[header..] : [], source, destination);
    }

    private static string OfIPv6(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 40 || packet[0] >> 4 != 6)
        {
            return "IPv6 (malformed)";
        }

        var next = packet[6];
        var rest = packet[40..];
        // Hop-by-hop, routing and destination options; MLD always comes behind the first.
        for (var i = 0; i < 4 && next is 0 or 43 or 60 && rest.Length >= 8; i++)
        {
            next = rest[0];
            var length = (rest[1] + 1) * 8;
            rest = length <= rest.Length ? rest[length..] : [];
        }

        return Transport(next, rest, new IPAddress(packet[8..24]), new IPAddress(packet[24..40]));
    }

    private static string OfArp(ReadOnlySpan<byte> packet) => packet.Length < 28
        ? "ARP (malformed)"
        : $"{new IPAddress(packet[14..18])} -> {new IPAddress(packet[24..28])} ARP {(packet[7] == 1 ? "request" : "reply")}";

    private static string Transport(byte protocol, ReadOnlySpan<byte> packet, IPAddress source, IPAddress destination) => protocol switch
    {
        6 when packet.Length >= 14 => $"{Ports(packet, source, destination)} tcp {TcpFlags(packet[13])}",
        17 when packet.Length >= 4 => $"{Ports(packet, source, destination)} udp",
        132 when packet.Length >= 4 => $"{Ports(packet, source, destination)} sctp",
        1 when packet.Length >= 2 => $"{source} -> {destination} {Icmp(packet[0], packet[1])}",
        58 when packet.Length >= 2 => $"{source} -> {destination} {Icmp6(packet[0], packet[1])}",
        2 when packet.Length >= 1 => $"{source} -> {destination} {Igmp(packet[0])}",
        _ => $"{source} -> {destination} {Name(protocol)}",
    };

    private static string Ports(ReadOnlySpan<byte> packet, IPAddress source, IPAddress destination) =>
        $"{Socket(source, BinaryPrimitives.ReadUInt16BigEndian(packet))} -> {Socket(destination, BinaryPrimitives.ReadUInt16BigEndian(packet[2..]))}";

    private static string Socket(IPAddress address, ushort port) => new IPEndPoint(address, port).ToString();

    private static string TcpFlags(byte flags)
    {
        var names = new List<string>(4);
        foreach (var (bit, name) in ((int, string)[])[(2, "SYN"), (16, "ACK"), (1, "FIN"), (4, "RST"), (8, "PSH"), (32, "URG")])
        {
            if ((flags & bit) != 0)
            {
                names.Add(name);
            }
        }

        return names.Count == 0 ? "no flags" : string.Join(", ", names);
    }

    private static string Icmp(byte type, byte code) => type switch
    {
        0 => "icmp EchoReply",
        8 => "icmp EchoRequest",
        3 => code == 4 ? "icmp FragmentationNeeded" : $"icmp DestinationUnreachable({code})",
        11 => "icmp TimeExceeded",
        _ => $"icmp type {type} code {code}",
    };

    private static string Icmp6(byte type, byte code) => type switch
    {
        128 => "icmpv6 EchoRequest",
        129 => "icmpv6 EchoReply",
        1 => $"icmpv6 DestinationUnreachable({code})",
        2 => "icmpv6 PacketTooBig",
        3 => "icmpv6 TimeExceeded",
        130 => "mld query",
        131 => "mld report (v1)",
        132 => "mld done",
        143 => "mld report (v2)",
        133 => "icmpv6 RouterSolicitation",
        134 => "icmpv6 RouterAdvertisement",
        135 => "icmpv6 NeighborSolicitation",
        136 => "icmpv6 NeighborAdvertisement",
        _ => $"icmpv6 type {type} code {code}",
    };

    private static string Igmp(byte type) => type switch
    {
        0x11 => "igmp query",
        0x12 => "igmp report (v1)",
        0x16 => "igmp report (v2)",
        0x17 => "igmp leave",
        0x22 => "igmp report (v3)",
        _ => $"igmp type 0x{type:x2}",
    };

    private static string Name(byte protocol) => protocol switch
    {
        1 => "icmp (cut)", 2 => "igmp (cut)", 6 => "tcp (cut)", 17 => "udp (cut)", 58 => "icmpv6 (cut)", 44 => "fragment", 50 => "esp", 59 => "no next header", _ => $"protocol {protocol}",
    };
}
