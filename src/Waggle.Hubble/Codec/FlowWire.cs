using Google.Protobuf;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Codec;

/// <summary>
/// A record as the bytes that <see cref="FlowEncoder.Encode"/>'s message has, without making that message. What few flows carry is
/// encoded through the message all the same (<see cref="FlowEncoder.AddExtras"/>): a new field belongs there, unless most flows have it.
/// Two endpoints, half of the bytes and the same for all flows of a pod, are kept as bytes and come last: the order of fields means
/// nothing in protobuf.
/// </summary>
internal static class FlowWire
{
    /// <summary>All numbers, MAC and IP addresses of a flow with their tags.</summary>
    private const int NumbersRoom = 640;

    /// <summary>Writes the flow.</summary>
    /// <param name="record">A flow, not a lost note.</param>
    /// <param name="sink">Gives room and takes the bytes.</param>
    public static void Write<TSink>(in FlowRecord record, ref TSink sink) where TSink : struct, ISink
    {
        var (source, destination) = (FlowEncoder.SideBytes(record.SourceEndpoint, record.SourceIdentity), FlowEncoder.SideBytes(record.DestinationEndpoint, record.DestinationIdentity));
        Flow? extras = null;
        var room = NumbersRoom + source.Length + destination.Length + WireWriter.TextRoom(record.Node.Name);
        foreach (var label in record.Node.Labels)
        {
            room += WireWriter.TextRoom(label);
        }

        if (FlowEncoder.HasExtras(record))
        {
            FlowEncoder.AddExtras(extras = new Flow(), record);
            room += extras.CalculateSize();
        }

        var summary = record.HasL4 ? FlowSummary.Of(record) : "";
        var reason = record.DropReason != 0 ? DropTexts.Of(record.DropReason) : "";
        room += WireWriter.TextRoom(summary) + WireWriter.TextRoom(reason);
        room += (record.ForeignUuid is { } id ? WireWriter.TextRoom(id) : 0) + (record.Interface is { } device ? WireWriter.TextRoom(device.Name) : 0) + (record.File is { } file ? WireWriter.TextRoom(file) : 0);
        var wire = new WireWriter(sink.Room(room));
        Head(ref wire, record);
        Middle(ref wire, record);
        wire.Text(Flow.SummaryFieldNumber, summary);
        wire.Number(Flow.PacketLengthFieldNumber, record.PacketLength);
        wire.Text(Flow.DropReasonTextFieldNumber, reason);
        if (extras is not null)
        {
            var size = extras.CalculateSize();
            extras.WriteTo(wire.Room[..size]);
            wire.Advance(size);
        }

        wire.Bytes(Flow.SourceFieldNumber, source);
        wire.Bytes(Flow.DestinationFieldNumber, destination);
        sink.Written(wire.Length);
    }

    /// <summary>A time within a message.</summary>
    public static void Time(ref WireWriter wire, int field, long unixNs)
    {
        var seconds = Math.DivRem(unixNs, 1_000_000_000, out var rest);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + 1_000_000_000) : (seconds, rest);
        var mark = wire.Begin(field);
        wire.Signed(1, seconds);
        wire.Signed(2, rest);
        wire.End(mark);
    }

    /// <summary>Fields 1 to 11.</summary>
    private static void Head(ref WireWriter wire, in FlowRecord record)
    {
        Time(ref wire, Flow.TimeFieldNumber, record.TimeNs);
        wire.Number(Flow.VerdictFieldNumber, (ulong)record.Verdict);
        wire.Number(3, record.DropReason); // deprecated; clients before v0.8
        if ((record.SourceMac | record.DestinationMac) != 0)
        {
            var mark = wire.Begin(Flow.EthernetFieldNumber);
            Mac(ref wire, Ethernet.SourceFieldNumber, record.SourceMac);
            Mac(ref wire, Ethernet.DestinationFieldNumber, record.DestinationMac);
            wire.End(mark);
        }

        if (record.IpVersion != 0)
        {
            var mark = wire.Begin(Flow.IPFieldNumber);
            Address(ref wire, IP.SourceFieldNumber, record.Source);
            Address(ref wire, IP.DestinationFieldNumber, record.Destination);
            wire.Number(IP.IpVersionFieldNumber, record.IpVersion == 4 ? (ulong)IPVersion.Ipv4 : (ulong)IPVersion.Ipv6);
            wire.Flag(IP.EncryptedFieldNumber, record.Encrypted);
            Address(ref wire, IP.SourceXlatedFieldNumber, record.SourceTranslated);
            wire.End(mark);
        }

        L4(ref wire, record);
        wire.Number(Flow.TypeFieldNumber, (ulong)record.FlowType);
        wire.Text(Flow.NodeNameFieldNumber, record.Node.Name);
    }

    /// <summary>Fields 16 to 38.</summary>
    private static void Middle(ref WireWriter wire, in FlowRecord record)
    {
        wire.Flag(16, record.Reply == ReplyState.Yes); // deprecated; clients before v0.8
        var mark = wire.Begin(Flow.EventTypeFieldNumber);
        wire.Number(CiliumEventType.TypeFieldNumber, (ulong)record.EventType);
        wire.Number(CiliumEventType.SubTypeFieldNumber, record.SubType);
        wire.End(mark);
        wire.Number(Flow.TrafficDirectionFieldNumber, (ulong)record.Direction);
        wire.Number(Flow.PolicyMatchTypeFieldNumber, record.PolicyMatch);
        wire.Number(Flow.TraceObservationPointFieldNumber, (ulong)record.TracePoint);
        wire.Number(Flow.DropReasonDescFieldNumber, record.DropReason);
        if (record.Reply != ReplyState.Unknown)
        {
            mark = wire.Begin(Flow.IsReplyFieldNumber);
            wire.Flag(1, record.Reply == ReplyState.Yes);
            wire.End(mark);
        }

        if (record.Interface is { } device)
        {
            mark = wire.Begin(Flow.InterfaceFieldNumber);
            wire.Number(NetworkInterface.IndexFieldNumber, device.Index);
            wire.Text(NetworkInterface.NameFieldNumber, device.Name);
            wire.End(mark);
        }

        wire.Number(Flow.ProxyPortFieldNumber, record.ProxyPort);
        wire.Number(Flow.SockXlatePointFieldNumber, (ulong)record.SocketPoint);
        wire.Number(Flow.SocketCookieFieldNumber, record.SocketCookie);
        wire.Number(Flow.CgroupIdFieldNumber, record.CgroupId);
        Uuid(ref wire, record);
        wire.Number(Flow.AuthTypeFieldNumber, (ulong)record.AuthType);
        wire.Number(Flow.TraceReasonFieldNumber, (ulong)record.TraceReason);
        foreach (var label in record.Node.Labels)
        {
            wire.TextOrEmpty(Flow.NodeLabelsFieldNumber, label);
        }

        if (record.File is { } file)
        {
            mark = wire.Begin(Flow.FileFieldNumber);
            wire.Text(Protocol.Flows.FileInfo.NameFieldNumber, file);
            wire.Number(Protocol.Flows.FileInfo.LineFieldNumber, record.Line);
            wire.End(mark);
        }
    }

    private static void L4(ref WireWriter wire, in FlowRecord record)
    {
        var kind = !record.HasL4 ? 0 : record.Protocol switch
        {
            IpProtocol.Tcp => Layer4.TCPFieldNumber,
            IpProtocol.Udp => Layer4.UDPFieldNumber,
            IpProtocol.Sctp => Layer4.SCTPFieldNumber,
            IpProtocol.Icmp => Layer4.ICMPv4FieldNumber,
            IpProtocol.IcmpV6 => Layer4.ICMPv6FieldNumber,
            IpProtocol.Igmp => Layer4.IGMPFieldNumber,
            _ => 0,
        };
        if (kind == 0)
        {
            return;
        }

        int outer = wire.Begin(Flow.L4FieldNumber), inner = wire.Begin(kind);
        if (kind is Layer4.TCPFieldNumber or Layer4.UDPFieldNumber or Layer4.SCTPFieldNumber)
        {
            wire.Number(TCP.SourcePortFieldNumber, record.SourcePort);
            wire.Number(TCP.DestinationPortFieldNumber, record.DestinationPort);
            if (kind == Layer4.TCPFieldNumber)
            {
                var (flags, f) = (wire.Begin(TCP.FlagsFieldNumber), record.TcpFlags);
                wire.Flag(TCPFlags.FINFieldNumber, (f & TcpFlagBits.Fin) != 0);
                wire.Flag(TCPFlags.SYNFieldNumber, (f & TcpFlagBits.Syn) != 0);
                wire.Flag(TCPFlags.RSTFieldNumber, (f & TcpFlagBits.Rst) != 0);
                wire.Flag(TCPFlags.PSHFieldNumber, (f & TcpFlagBits.Psh) != 0);
                wire.Flag(TCPFlags.ACKFieldNumber, (f & TcpFlagBits.Ack) != 0);
                wire.Flag(TCPFlags.URGFieldNumber, (f & TcpFlagBits.Urg) != 0);
                wire.Flag(TCPFlags.ECEFieldNumber, (f & TcpFlagBits.Ece) != 0);
                wire.Flag(TCPFlags.CWRFieldNumber, (f & TcpFlagBits.Cwr) != 0);
                wire.Flag(TCPFlags.NSFieldNumber, (f & TcpFlagBits.Ns) != 0);
                wire.End(flags);
            }
        }
        else
        {
            wire.Number(ICMPv4.TypeFieldNumber, record.IcmpType);
            if (kind == Layer4.IGMPFieldNumber)
            {
                // The group of a version 3 report is inside its records; the packet went to 224.0.0.22.
                Address(ref wire, IGMP.GroupAddressFieldNumber, record.Destination);
            }
            else
            {
                wire.Number(ICMPv4.CodeFieldNumber, record.IcmpCode);
            }
        }

        wire.End(inner);
        wire.End(outer);
    }

    private static void Uuid(ref WireWriter wire, in FlowRecord record)
    {
        if (record.ForeignUuid is { } foreign)
        {
            wire.Text(Flow.UuidFieldNumber, foreign);
        }
        else if (record.UuidSeed != 0)
        {
            var mark = wire.Begin(Flow.UuidFieldNumber);
            FlowUuid.Of(record).TryFormat(wire.Room, out var length);
            wire.Advance(length);
            wire.End(mark);
        }
    }

    private static void Address(ref WireWriter wire, int field, FlowAddress address)
    {
        if (!address.IsNone)
        {
            var mark = wire.Begin(field);
            wire.Advance(AddressText.Format(address, wire.Room));
            wire.End(mark);
        }
    }

    private static void Mac(ref WireWriter wire, int field, ulong mac)
    {
        var mark = wire.Begin(field);
        MacText.Format(mac, wire.Room);
        wire.Advance(MacText.Length);
        wire.End(mark);
    }

    /// <summary>Where the bytes go.</summary>
    public interface ISink
    {
        /// <summary>At least so many bytes to write into.</summary>
        Span<byte> Room(int bytes);

        /// <summary>So many were written.</summary>
        void Written(int bytes);
    }
}
