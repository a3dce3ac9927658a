using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Codec;

/// <summary>
/// Makes a record of a protobuf flow that somebody else wrote (a file, another server), so that filters can judge it. Garbage in
/// addresses gives empty ones.
/// </summary>
public static class FlowDecoder
{
    /// <summary>The record; what a record has no place for is left out.</summary>
    public static FlowRecord Decode(Flow flow)
    {
        var record = new FlowRecord
        {
            TimeNs = flow.Time is { } t ? Nanoseconds(t) : 0,
            ForeignUuid = flow.Uuid,
            Node = new NodeInfo(flow.NodeName, [.. flow.NodeLabels]),
            Verdict = flow.Verdict,
            AuthType = flow.AuthType,
            FlowType = flow.Type,
            SourceEndpoint = Side(flow.Source),
            DestinationEndpoint = Side(flow.Destination),
            SourceIdentity = flow.Source?.Identity ?? 0,
            DestinationIdentity = flow.Destination?.Identity ?? 0,
            SourceService = Service(flow.SourceService),
            DestinationService = Service(flow.DestinationService),
            SourceNames = flow.SourceNames.Count > 0 ? flow.SourceNames : null,
            DestinationNames = flow.DestinationNames.Count > 0 ? flow.DestinationNames : null,
            EventType = (FlowEventType)(byte)(flow.EventType?.Type ?? 0),
            SubType = (byte)(flow.EventType?.SubType ?? 0),
            DropReason = (byte)flow.DropReasonDesc,
            Direction = flow.TrafficDirection,
            TraceReason = flow.TraceReason,
            PolicyMatch = (byte)flow.PolicyMatchType,
            Reply = flow.IsReply is { } reply ? reply ? ReplyState.Yes : ReplyState.No : ReplyState.Unknown,
            ProxyPort = (ushort)flow.ProxyPort,
            SocketPoint = flow.SockXlatePoint,
            SocketCookie = flow.SocketCookie,
            CgroupId = flow.CgroupId,
            L7 = flow.L7,
            TraceId = flow.TraceContext?.Parent?.TraceId,
            Interface = flow.Interface is { } i ? new InterfaceInfo(i.Index, i.Name) : null,
            File = flow.File?.Name,
            Line = flow.File?.Line ?? 0,
            PacketLength = flow.PacketLength,
        };
        if (record.DropReason == 0)
        {
#pragma warning disable CS0612 // servers before v0.8
            record.DropReason = (byte)flow.DropReason;
#pragma warning restore CS0612
        }

        if (flow.Ethernet is { } ethernet)
        {
            MacText.TryParse(ethernet.Source, out record.SourceMac);
            MacText.TryParse(ethernet.Destination, out record.DestinationMac);
        }

        if (flow.IP is { } ip)
        {
            FlowAddress.TryParse(ip.Source, out record.Source);
            FlowAddress.TryParse(ip.Destination, out record.Destination);
            FlowAddress.TryParse(ip.SourceXlated, out record.SourceTranslated);
            record.Encrypted = ip.Encrypted;
            record.IpVersion = ip.IpVersion switch { IPVersion.Ipv4 => 4, IPVersion.Ipv6 => 6, _ => 0 };
        }

        L4(ref record, flow.L4);
        IReadOnlyList<Policy> policies = [.. flow.EgressAllowedBy, .. flow.IngressAllowedBy, .. flow.EgressDeniedBy, .. flow.IngressDeniedBy];
        record.Policies = policies.Count == 0 ? null : [.. policies.Select(p => new PolicyInfo(p.Name, p.Namespace, p.Kind, [.. p.Labels], p.Revision))];
        record.PolicyLog = flow.PolicyLog.Count > 0 ? flow.PolicyLog : null;
        return record;
    }

    /// <summary>Nanoseconds since 1970; times out of range give the nearest.</summary>
    public static long Nanoseconds(Timestamp time) => Nanoseconds(time.Seconds, time.Nanos);

    /// <summary>The same of a timestamp's two parts.</summary>
    internal static long Nanoseconds(long seconds, int nanos) =>
        seconds > long.MaxValue / 1_000_000_000 - 1 ? long.MaxValue
        : seconds < long.MinValue / 1_000_000_000 + 1 ? long.MinValue
        : (seconds * 1_000_000_000) + nanos;

    private static EndpointInfo Side(Endpoint? side) => side is null ? EndpointInfo.None : new EndpointInfo
    {
        Id = side.ID,
        Identity = side.Identity,
        ClusterName = side.ClusterName,
        Namespace = side.Namespace,
        PodName = side.PodName,
        Labels = [.. side.Labels],
        Workloads = [.. side.Workloads.Select(w => new WorkloadInfo(w.Name, w.Kind))],
    };

    private static ServiceInfo? Service(Service? service) => service is null ? null : new ServiceInfo(service.Name, service.Namespace);

    private static void L4(ref FlowRecord record, Layer4? l4)
    {
        record.HasL4 = l4 is not null && l4.ProtocolCase != Layer4.ProtocolOneofCase.None;
        switch (l4?.ProtocolCase)
        {
            case Layer4.ProtocolOneofCase.TCP:
                record.Protocol = IpProtocol.Tcp;
                (record.SourcePort, record.DestinationPort) = ((ushort)l4.TCP.SourcePort, (ushort)l4.TCP.DestinationPort);
                if (l4.TCP.Flags is { } f)
                {
                    record.TcpFlags = (f.FIN ? TcpFlagBits.Fin : 0) | (f.SYN ? TcpFlagBits.Syn : 0) | (f.RST ? TcpFlagBits.Rst : 0)
                        | (f.PSH ? TcpFlagBits.Psh : 0) | (f.ACK ? TcpFlagBits.Ack : 0) | (f.URG ? TcpFlagBits.Urg : 0)
                        | (f.ECE ? TcpFlagBits.Ece : 0) | (f.CWR ? TcpFlagBits.Cwr : 0) | (f.NS ? TcpFlagBits.Ns : 0);
                }

                break;
            case Layer4.ProtocolOneofCase.UDP:
                record.Protocol = IpProtocol.Udp;
                (record.SourcePort, record.DestinationPort) = ((ushort)l4.UDP.SourcePort, (ushort)l4.UDP.DestinationPort);
                break;
            case Layer4.ProtocolOneofCase.SCTP:
                record.Protocol = IpProtocol.Sctp;
                (record.SourcePort, record.DestinationPort) = ((ushort)l4.SCTP.SourcePort, (ushort)l4.SCTP.DestinationPort);
                break;
            case Layer4.ProtocolOneofCase.ICMPv4:
                record.Protocol = IpProtocol.Icmp;
                (record.IcmpType, record.IcmpCode) = ((byte)l4.ICMPv4.Type, (byte)l4.ICMPv4.Code);
                break;
            case Layer4.ProtocolOneofCase.ICMPv6:
                record.Protocol = IpProtocol.IcmpV6;
                (record.IcmpType, record.IcmpCode) = ((byte)l4.ICMPv6.Type, (byte)l4.ICMPv6.Code);
                break;
            case Layer4.ProtocolOneofCase.IGMP:
                record.Protocol = IpProtocol.Igmp;
                record.IcmpType = (byte)l4.IGMP.Type;
                break;
            case Layer4.ProtocolOneofCase.VRRP:
                record.Protocol = IpProtocol.Vrrp;
                break;
        }
    }
}
