using System.Globalization;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;

namespace Waggle.Hubble.Codec;

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
            IpProtocol.Icmp => "ICMPv4 " + IcmpNames.V4(flow.IcmpType, flow.IcmpCode),
            IpProtocol.IcmpV6 => "ICMPv6 " + IcmpNames.V6(flow.IcmpType, flow.IcmpCode),
            IpProtocol.Igmp => "IGMP " + Igmp(flow.IcmpType),
            _ => "",
        };
    }

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
