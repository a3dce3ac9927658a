using System.Globalization;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Encoding;

/// <summary>One-line texts of a flow's transport header: the words that Hubble's compact output uses.</summary>
public static class FlowSummary
{
    private static readonly string[] TcpTexts = [.. Enumerable.Range(0, 512).Select(f => Tcp((TcpFlagBits)f))];

    /// <summary>For example "TCP Flags: SYN, ACK", "UDP", "ICMPv4 EchoRequest"; empty where nothing is known.</summary>
    public static string Of(in FlowRecord flow)
    {
        if (!flow.HasL4)
        {
            return "";
        }

        return flow.Protocol switch
        {
            IpProtocol.Tcp => TcpTexts[(int)flow.TcpFlags & 511],
            IpProtocol.Udp => "UDP",
            IpProtocol.Sctp => "SCTP",
            IpProtocol.Icmp => "ICMPv4 " + IcmpV4(flow.IcmpType, flow.IcmpCode),
            IpProtocol.IcmpV6 => "ICMPv6 " + IcmpV6(flow.IcmpType, flow.IcmpCode),
            IpProtocol.Igmp => "IGMP " + Igmp(flow.IcmpType),
            _ => "",
        };
    }

    /// <summary>Name of an ICMP message (RFC 792 and others), code in brackets where it says more.</summary>
    public static string IcmpV4(byte type, byte code) => type switch
    {
        0 => "EchoReply",
        3 => "DestinationUnreachable(" + code switch
        {
            0 => "Net",
            1 => "Host",
            2 => "Protocol",
            3 => "Port",
            4 => "FragmentationNeeded",
            13 => "CommAdminProhibited",
            _ => code.ToString(CultureInfo.InvariantCulture),
        } + ")",
        4 => "SourceQuench",
        5 => "Redirect",
        8 => "EchoRequest",
        9 => "RouterAdvertisement",
        10 => "RouterSolicitation",
        11 => code == 0 ? "TimeExceeded(TTLExceeded)" : "TimeExceeded(FragmentReassemblyTimeExceeded)",
        12 => "ParameterProblem",
        13 => "TimestampRequest",
        14 => "TimestampReply",
        _ => string.Create(CultureInfo.InvariantCulture, $"{type}({code})"),
    };

    /// <summary>Name of an ICMPv6 message (RFC 4443, 4861, 2710, 3810).</summary>
    public static string IcmpV6(byte type, byte code) => type switch
    {
        1 => "DestinationUnreachable(" + code switch
        {
            0 => "NoRouteToDst",
            1 => "AdminProhibited",
            3 => "Address",
            4 => "Port",
            _ => code.ToString(CultureInfo.InvariantCulture),
        } + ")",
        2 => "PacketTooBig",
        3 => code == 0 ? "TimeExceeded(HopLimitExceeded)" : "TimeExceeded(FragmentReassemblyTimeExceeded)",
        4 => "ParameterProblem",
        128 => "EchoRequest",
        129 => "EchoReply",
        130 => "MLDv1MulticastListenerQueryMessage",
        131 => "MLDv1MulticastListenerReportMessage",
        132 => "MLDv1MulticastListenerDoneMessage",
        133 => "RouterSolicitation",
        134 => "RouterAdvertisement",
        135 => "NeighborSolicitation",
        136 => "NeighborAdvertisement",
        137 => "Redirect",
        143 => "MLDv2MulticastListenerReportMessageV2",
        _ => string.Create(CultureInfo.InvariantCulture, $"{type}({code})"),
    };

    /// <summary>Name of an IGMP message (RFC 2236, 3376).</summary>
    public static string Igmp(byte type) => type switch
    {
        0x11 => "MembershipQuery",
        0x12 => "MembershipReportV1",
        0x16 => "MembershipReportV2",
        0x17 => "LeaveGroup",
        0x22 => "MembershipReportV3",
        _ => type.ToString(CultureInfo.InvariantCulture),
    };

    private static string Tcp(TcpFlagBits flags)
    {
        // SYN first, ACK next: the order readers are used to.
        (TcpFlagBits Bit, string Name)[] names =
        [
            (TcpFlagBits.Syn, "SYN"), (TcpFlagBits.Ack, "ACK"), (TcpFlagBits.Rst, "RST"), (TcpFlagBits.Fin, "FIN"), (TcpFlagBits.Psh, "PSH"),
            (TcpFlagBits.Urg, "URG"), (TcpFlagBits.Ece, "ECE"), (TcpFlagBits.Cwr, "CWR"), (TcpFlagBits.Ns, "NS"),
        ];
        return "TCP Flags: " + string.Join(", ", names.Where(n => flags.HasFlag(n.Bit)).Select(n => n.Name));
    }
}
