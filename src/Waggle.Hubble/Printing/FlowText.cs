using System.Globalization;
using System.Text;
using Google.Protobuf.Collections;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Decision = Waggle.Hubble.Protocol.Flows.Verdict;

namespace Waggle.Hubble.Printing;

/// <summary>What the command line, metrics and Kubernetes Events say of a flow, in the words the field knows.</summary>
public static class FlowText
{
    private static readonly (Func<TCPFlags, bool> Set, string Name)[] TcpFlagOrder =
    [
        (f => f.SYN, "SYN"), (f => f.ACK, "ACK"), (f => f.RST, "RST"), (f => f.FIN, "FIN"), (f => f.PSH, "PSH"), (f => f.URG, "URG"), (f => f.ECE, "ECE"), (f => f.CWR, "CWR"), (f => f.NS, "NS"),
    ];

    /// <summary>The protocol as metrics name it: <c>TCP</c>, <c>ICMPv4</c>, <c>DNS</c>, or <c>Unknown L4</c>.</summary>
    public static string Protocol(Flow flow) => flow.EventType?.Type switch
    {
        EventTypes.L7 => flow.L7?.RecordCase switch
        {
            Layer7.RecordOneofCase.Dns => "DNS",
            Layer7.RecordOneofCase.Http => "HTTP",
            Layer7.RecordOneofCase.Kafka => "Kafka",
            _ => "Unknown L7",
        },
        EventTypes.Drop or EventTypes.Trace or EventTypes.PolicyVerdict or EventTypes.Capture => Transport(flow.L4) ?? "Unknown L4",
        _ => "Unknown flow",
    };

    /// <summary>Null when the transport protocol is not known.</summary>
    public static string? Transport(Layer4? l4) => l4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => "TCP",
        Layer4.ProtocolOneofCase.UDP => "UDP",
        Layer4.ProtocolOneofCase.ICMPv4 => "ICMPv4",
        Layer4.ProtocolOneofCase.ICMPv6 => "ICMPv6",
        Layer4.ProtocolOneofCase.SCTP => "SCTP",
        Layer4.ProtocolOneofCase.VRRP => "VRRP",
        Layer4.ProtocolOneofCase.IGMP => "IGMP",
        _ => null,
    };

    /// <summary>Ports of source and destination; zero where the protocol has none.</summary>
    public static (uint Source, uint Destination) Ports(Layer4? l4) => l4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => (l4.TCP.SourcePort, l4.TCP.DestinationPort),
        Layer4.ProtocolOneofCase.UDP => (l4.UDP.SourcePort, l4.UDP.DestinationPort),
        Layer4.ProtocolOneofCase.SCTP => (l4.SCTP.SourcePort, l4.SCTP.DestinationPort),
        _ => (0, 0),
    };

    /// <summary>The TYPE column: where the flow was seen, why it was dropped, how policy matched, or what the record of layer 7 is.</summary>
    public static string Type(Flow flow)
    {
        if (flow.L7 is { } l7)
        {
            string kind = ProtoNames.L7FlowType[(int)l7.Type].ToLowerInvariant();
            return l7.RecordCase switch
            {
                Layer7.RecordOneofCase.Http => "http-" + kind,
                Layer7.RecordOneofCase.Dns => $"dns-{kind} {l7.Dns.ObservationSource}",
                Layer7.RecordOneofCase.Kafka => "kafka-" + kind,
                _ => "l7-" + kind,
            };
        }

        int subType = flow.EventType?.SubType ?? 0;
        return flow.EventType?.Type switch
        {
            EventTypes.Trace => EventTypes.TracePoint(subType),
            EventTypes.Drop => flow.DropReasonText.Length > 0 ? flow.DropReasonText : DropTexts.Of(subType),
            EventTypes.PolicyVerdict => $"policy-verdict:{EventTypes.PolicyMatch(flow.PolicyMatchType)} {ProtoNames.TrafficDirection[(int)flow.TrafficDirection]}",
            EventTypes.Capture => ProtoNames.DebugCapturePoint[(int)flow.DebugCapturePoint],
            EventTypes.TraceSock => flow.SockXlatePoint switch
            {
                SocketTranslationPoint.SockXlatePointPostDirectionFwd => "post-xlate-fwd",
                SocketTranslationPoint.SockXlatePointPostDirectionRev => "post-xlate-rev",
                SocketTranslationPoint.SockXlatePointPreDirectionFwd => "pre-xlate-fwd",
                SocketTranslationPoint.SockXlatePointPreDirectionRev => "pre-xlate-rev",
                _ => ProtoNames.SocketTranslationPoint[(int)flow.SockXlatePoint],
            },
            (int)FlowEventType.Membership => flow.Membership?.Change switch
            {
                Membership.Types.Change.Join => "multicast-join",
                Membership.Types.Change.Leave => "multicast-leave",
                Membership.Types.Change.Filter => "multicast-filter",
                Membership.Types.Change.Leaving => "multicast-leaving",
                _ => "multicast-membership",
            },
            _ => "UNKNOWN",
        };
    }

    /// <summary>The VERDICT column. Policy decisions are told as such.</summary>
    public static string Verdict(Flow flow)
    {
        bool decision = flow.EventType?.Type == EventTypes.PolicyVerdict;
        return flow.Verdict switch
        {
            Decision.Forwarded or Decision.Redirected when decision => "ALLOWED",
            Decision.Dropped or Decision.Error when decision => "DENIED",
            Decision.Audit when decision => "AUDITED",
            _ => ProtoNames.Verdict[(int)flow.Verdict],
        };
    }

    /// <summary>The SUMMARY column: the server's own text when it sent one.</summary>
    public static string Summary(Flow flow)
    {
#pragma warning disable CS0612, CS0618 // deprecated in the protocol, yet what servers of all versions fill
        string sent = flow.Summary;
#pragma warning restore CS0612, CS0618
        return sent.Length > 0 ? sent : flow.L7 is { } l7 ? OfRecord(l7) : OfPacket(flow);
    }

    /// <summary>Set flags as <c>SYN, ACK</c>.</summary>
    public static string TcpFlags(TCPFlags? flags)
    {
        if (flags is null)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach ((Func<TCPFlags, bool> set, string name) in TcpFlagOrder)
        {
            if (set(flags))
            {
                text.Append(text.Length > 0 ? ", " : "").Append(name);
            }
        }

        return text.ToString();
    }

    private static string OfPacket(Flow flow) => flow.L4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => $"TCP Flags: {TcpFlags(flow.L4.TCP.Flags)}",
        Layer4.ProtocolOneofCase.ICMPv4 => $"ICMPv4 {IcmpNames.V4(flow.L4.ICMPv4.Type, flow.L4.ICMPv4.Code)}",
        Layer4.ProtocolOneofCase.ICMPv6 => $"ICMPv6 {IcmpNames.V6(flow.L4.ICMPv6.Type, flow.L4.ICMPv6.Code)}",
        null or Layer4.ProtocolOneofCase.None => flow.SockXlatePoint != 0 ? "" : flow.IP is not null ? ProtoNames.IpVersion[(int)flow.IP.IpVersion] : "",
        _ => Transport(flow.L4) ?? "",
    };

    private static string OfRecord(Layer7 l7)
    {
        bool request = l7.Type == L7FlowType.Request;
        switch (l7.RecordCase)
        {
            case Layer7.RecordOneofCase.Dns:
                DNS dns = l7.Dns;
                string types = string.Join(',', dns.Qtypes);
                return request ? $"DNS Query {dns.Query} {types}"
                    : string.Create(CultureInfo.InvariantCulture, $"DNS Answer {Answer(dns)} TTL: {dns.Ttl} ({(dns.ObservationSource == "proxy" ? "Proxy" : "Query")} {dns.Query} {types})");
            case Layer7.RecordOneofCase.Http:
                HTTP http = l7.Http;
                return request ? $"{http.Protocol} {http.Method} {http.Url}"
                    : string.Create(CultureInfo.InvariantCulture, $"{http.Protocol} {http.Code} {l7.LatencyNs / 1_000_000}ms ({http.Method} {http.Url})");
            case Layer7.RecordOneofCase.Kafka:
                Kafka kafka = l7.Kafka;
                return request ? string.Create(CultureInfo.InvariantCulture, $"Kafka request {kafka.ApiKey} correlation id {kafka.CorrelationId} topic '{kafka.Topic}'")
                    : string.Create(CultureInfo.InvariantCulture, $"Kafka response {kafka.ApiKey} correlation id {kafka.CorrelationId} topic '{kafka.Topic}' return code {kafka.ErrorCode}");
            default:
                return "";
        }
    }

    private static string Answer(DNS dns)
    {
        if (dns.Rcode != 0)
        {
            return "RCode: " + DnsCodes.Text(dns.Rcode);
        }

        string addresses = dns.Ips.Count > 0 ? Quoted(dns.Ips) : "";
        string names = dns.Cnames.Count > 0 ? "CNAMEs: " + Quoted(dns.Cnames) : "";
        return addresses.Length > 0 && names.Length > 0 ? $"{addresses} {names}" : addresses + names;
    }

    private static string Quoted(RepeatedField<string> values) => $"\"{string.Join(',', values)}\"";
}
