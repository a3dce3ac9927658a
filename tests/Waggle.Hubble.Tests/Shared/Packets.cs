using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Shared;

/// <summary>Packets as bytes.</summary>
internal static class Packets
{
    public static byte[] Tcp(string source, string destination, ushort sourcePort = 40000, ushort destinationPort = 80, TcpFlagBits flags = TcpFlagBits.Syn)
    {
        var tcp = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(12), (ushort)(0x5000 | (ushort)flags));
        return Ip(source, destination, IpProtocol.Tcp, tcp);
    }

    public static byte[] Udp(string source, string destination, ushort sourcePort, ushort destinationPort, byte[]? payload = null)
    {
        var udp = new byte[8 + (payload?.Length ?? 0)];
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), destinationPort);
        payload?.CopyTo(udp, 8);
        return Ip(source, destination, IpProtocol.Udp, udp);
    }

    public static byte[] Vxlan(string source, string destination, uint vni, byte[] inner)
    {
        var payload = new byte[8 + inner.Length];
        payload[0] = 0x08;
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), vni << 8);
        inner.CopyTo(payload, 8);
        return Udp(source, destination, 55555, 8472, payload);
    }

    public static byte[] Icmp(string source, string destination, byte type, byte code = 0) =>
        Ip(source, destination, source.Contains(':') ? IpProtocol.IcmpV6 : IpProtocol.Icmp, [type, code, 0, 0, 0, 1, 0, 1]);

    public static byte[] Ip(string source, string destination, byte protocol, byte[] payload)
    {
        var (from, to) = (IPAddress.Parse(source), IPAddress.Parse(destination));
        var six = from.AddressFamily == AddressFamily.InterNetworkV6;
        var packet = new byte[14 + (six ? 40 : 20) + payload.Length];
        byte[] ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, six ? (byte)0x86 : (byte)8, six ? (byte)0xdd : (byte)0];
        ethernet.CopyTo(packet, 0);
        var ip = packet.AsSpan(14);
        if (six)
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)payload.Length);
            (ip[6], ip[7]) = (protocol, 64);
            from.TryWriteBytes(ip[8..], out _);
            to.TryWriteBytes(ip[24..], out _);
        }
        else
        {
            (ip[0], ip[8], ip[9]) = (0x45, 64, protocol);
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + payload.Length));
            from.TryWriteBytes(ip[12..], out _);
            to.TryWriteBytes(ip[16..], out _);
        }

        payload.CopyTo(ip[(six ? 40 : 20)..]);
        return packet;
    }

    /// <summary>A trace event at an endpoint.</summary>
    public static FlowInput Trace(long timeNs, byte point = 0, uint endpoint = 0, ReplyState reply = ReplyState.No) => new()
    {
        Type = FlowEventType.Trace, SubType = point, TimeNs = timeNs, EndpointId = endpoint, Verdict = Verdict.Forwarded, Reply = reply,
        TraceReason = reply == ReplyState.Yes ? TraceReason.Reply : TraceReason.New, PacketLength = 60,
    };
}
