using System.Buffers.Binary;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Assembly;

/// <summary>
/// Reads the headers of a captured packet into a record. The capture may end anywhere and say anything: what is not there whole is left
/// out, lengths are never trusted beyond the span.
/// </summary>
public static class PacketParser
{
    private const int MaxExtensionHeaders = 8;
    private const int VxlanHeaders = 8 + 8;

    /// <summary>Parses from the Ethernet header on; packets of the overlay are shown as what they carry, with the outer headers as tunnel.</summary>
    /// <param name="packet">Start of the packet.</param>
    /// <param name="tunnelPort">UDP port of VXLAN; 0: none.</param>
    /// <param name="record">Gets addresses, ports and so on; other fields are left alone.</param>
    public static void Parse(ReadOnlySpan<byte> packet, ushort tunnelPort, ref FlowRecord record)
    {
        var payload = Ethernet(packet, ref record);
        if (tunnelPort == 0 || record.Protocol != IpProtocol.Udp || !record.HasL4 || record.DestinationPort != tunnelPort || payload < 0
            || packet.Length - payload < VxlanHeaders || (packet[payload + 8] & 0x08) == 0)
        {
            return;
        }

        record.TunnelProtocol = Tunnel.Types.Protocol.Vxlan;
        (record.TunnelSource, record.TunnelDestination) = (record.Source, record.Destination);
        (record.TunnelSourcePort, record.TunnelDestinationPort) = (record.SourcePort, record.DestinationPort);
        record.Vni = BinaryPrimitives.ReadUInt32BigEndian(packet[(payload + 12)..]) >> 8;
        (record.Source, record.Destination, record.SourcePort, record.DestinationPort) = (default, default, 0, 0);
        (record.Protocol, record.IpVersion, record.HasL4) = (0, 0, false);
        Ethernet(packet[(payload + VxlanHeaders)..], ref record);
    }

    /// <summary>Returns where the transport header begins, or -1.</summary>
    private static int Ethernet(ReadOnlySpan<byte> packet, ref FlowRecord record)
    {
        if (packet.Length < 14)
        {
            return -1;
        }

        record.DestinationMac = BinaryPrimitives.ReadUInt64BigEndian(packet) >> 16;
        record.SourceMac = BinaryPrimitives.ReadUInt64BigEndian(packet[4..]) & 0xffff_ffff_ffff;
        var type = BinaryPrimitives.ReadUInt16BigEndian(packet[12..]);
        var offset = 14;
        if (type == 0x8100 && packet.Length >= 18)
        {
            type = BinaryPrimitives.ReadUInt16BigEndian(packet[16..]);
            offset = 18;
        }

        return type switch
        {
            0x0800 => IPv4(packet, offset, ref record),
            0x86dd => IPv6(packet, offset, ref record),
            _ => -1,
        };
    }

    private static int IPv4(ReadOnlySpan<byte> packet, int offset, ref FlowRecord record)
    {
        if (packet.Length - offset < 20 || packet[offset] >> 4 != 4)
        {
            return -1;
        }

        var ip = packet[offset..];
        record.IpVersion = 4;
        record.Source = FlowAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(ip[12..]));
        record.Destination = FlowAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(ip[16..]));
        record.Protocol = ip[9];
        var header = (ip[0] & 15) * 4;
        var laterFragment = (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x1fff) != 0;
        if (header < 20 || laterFragment || header > ip.Length)
        {
            return -1;
        }

        Transport(ip[header..], ref record);
        return offset + header;
    }

    private static int IPv6(ReadOnlySpan<byte> packet, int offset, ref FlowRecord record)
    {
        if (packet.Length - offset < 40 || packet[offset] >> 4 != 6)
        {
            return -1;
        }

        var ip = packet[offset..];
        record.IpVersion = 6;
        record.Source = FlowAddress.From(ip.Slice(8, 16));
        record.Destination = FlowAddress.From(ip.Slice(24, 16));
        var next = ip[6];
        var at = 40;
        for (var i = 0; i < MaxExtensionHeaders; i++)
        {
            switch (next)
            {
                case 0 or 43 or 60 or 135: // hop-by-hop, routing, destination options, mobility
                    if (ip.Length - at < 8)
                    {
                        record.Protocol = next;
                        return -1;
                    }

                    next = ip[at];
                    at += (ip[at + 1] + 1) * 8;
                    break;
                case 44: // fragment
                    if (ip.Length - at < 8)
                    {
                        record.Protocol = next;
                        return -1;
                    }

                    next = ip[at];
                    if ((BinaryPrimitives.ReadUInt16BigEndian(ip[(at + 2)..]) & 0xfff8) != 0)
                    {
                        record.Protocol = next;
                        return -1;
                    }

                    at += 8;
                    break;
                default:
                    record.Protocol = next;
                    if (at > ip.Length)
                    {
                        return -1;
                    }

                    Transport(ip[at..], ref record);
                    return offset + at;
            }

            if (at > ip.Length)
            {
                break;
            }
        }

        record.Protocol = next;
        return -1;
    }

    private static void Transport(ReadOnlySpan<byte> header, ref FlowRecord record)
    {
        switch (record.Protocol)
        {
            case IpProtocol.Tcp when header.Length >= 14:
                record.TcpFlags = (TcpFlagBits)(BinaryPrimitives.ReadUInt16BigEndian(header[12..]) & 0x1ff);
                Ports(header, ref record);
                break;
            case IpProtocol.Udp or IpProtocol.Sctp when header.Length >= 4:
                Ports(header, ref record);
                break;
            case IpProtocol.Icmp or IpProtocol.IcmpV6 or IpProtocol.Igmp or IpProtocol.Vrrp when header.Length >= 2:
                record.IcmpType = header[0];
                record.IcmpCode = record.Protocol is IpProtocol.Icmp or IpProtocol.IcmpV6 ? header[1] : (byte)0;
                record.HasL4 = true;
                break;
        }
    }

    private static void Ports(ReadOnlySpan<byte> header, ref FlowRecord record)
    {
        record.SourcePort = BinaryPrimitives.ReadUInt16BigEndian(header);
        record.DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
        record.HasL4 = true;
    }
}
