using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Codec;

/// <summary>
/// Makes the protobuf form of a record. The result shares messages with other flows (endpoints, L7): read and serialise it, never
/// change it; <c>Clone()</c> first.
/// </summary>
public static class FlowEncoder
{
    /// <summary>The flow; the record must be a flow, not a lost note.</summary>
    public static Flow Encode(in FlowRecord record)
    {
        var flow = Rest(record);
        flow.Source = Side(record.SourceEndpoint, record.SourceIdentity);
        flow.Destination = Side(record.DestinationEndpoint, record.DestinationIdentity);
        return flow;
    }

    /// <summary>The flow's bytes.</summary>
    public static ByteString EncodeBytes(in FlowRecord record)
    {
        var sink = new ArraySink();
        FlowWire.Write(record, ref sink);
        return UnsafeByteOperations.UnsafeWrap(sink.Bytes.AsMemory(0, sink.Length));
    }

    private static Flow Rest(in FlowRecord record)
    {
        var flow = new Flow
        {
            Time = Time(record.TimeNs),
            Uuid = FlowUuid.Text(record),
            Verdict = record.Verdict,
            AuthType = record.AuthType,
            Type = record.FlowType,
            NodeName = record.Node.Name,
            EventType = new CiliumEventType { Type = (int)record.EventType, SubType = record.SubType },
            TrafficDirection = record.Direction,
            TraceObservationPoint = record.TracePoint,
            TraceReason = record.TraceReason,
            PolicyMatchType = record.PolicyMatch,
            ProxyPort = record.ProxyPort,
            SockXlatePoint = record.SocketPoint,
            SocketCookie = record.SocketCookie,
            CgroupId = record.CgroupId,
            PacketLength = record.PacketLength,
        };
        if ((record.SourceMac | record.DestinationMac) != 0)
        {
            flow.Ethernet = new Ethernet { Source = MacText.Format(record.SourceMac), Destination = MacText.Format(record.DestinationMac) };
        }

        if (record.IpVersion != 0)
        {
            flow.IP = Ip(record.Source, record.Destination, record.IpVersion);
            flow.IP.Encrypted = record.Encrypted;
            flow.IP.SourceXlated = record.SourceTranslated.ToString();
        }

        if (record.HasL4)
        {
            flow.L4 = L4(record);
#pragma warning disable CS0612 // clients before v1.0 print this text
            flow.Summary = FlowSummary.Of(record);
#pragma warning restore CS0612
        }

        if (record.Reply != ReplyState.Unknown)
        {
            flow.IsReply = record.Reply == ReplyState.Yes;
#pragma warning disable CS0612 // clients before v0.8
            flow.Reply = record.Reply == ReplyState.Yes;
#pragma warning restore CS0612
        }

        if (record.DropReason != 0)
        {
#pragma warning disable CS0612 // clients before v0.8
            flow.DropReason = record.DropReason;
#pragma warning restore CS0612
            flow.DropReasonDesc = (DropReason)record.DropReason;
            flow.DropReasonText = DropTexts.Of(record.DropReason);
        }

        if (record.Interface is { } device)
        {
            flow.Interface = new NetworkInterface { Index = device.Index, Name = device.Name };
        }

        if (record.File is { } file)
        {
            flow.File = new Protocol.Flows.FileInfo { Name = file, Line = record.Line };
        }

        if (record.Node.Labels.Count > 0)
        {
            flow.NodeLabels.AddRange(record.Node.Labels);
        }

        AddExtras(flow, record);
        return flow;
    }

    /// <summary>A lost note as its message.</summary>
    public static LostEvent EncodeLost(in FlowRecord record) => new()
    {
        Source = record.LostSource,
        NumEventsLost = record.LostCount,
        Cpu = record.LostSource == LostEventSource.PerfEventRingBuffer ? record.Cpu : null,
        First = Time(record.TimeNs),
        Last = Time(record.TimeNs),
    };

    /// <summary>A time.</summary>
    public static Timestamp Time(long unixNs)
    {
        var seconds = Math.DivRem(unixNs, 1_000_000_000, out var rest);
        return rest < 0 ? new Timestamp { Seconds = seconds - 1, Nanos = (int)(rest + 1_000_000_000) } : new Timestamp { Seconds = seconds, Nanos = (int)rest };
    }

    internal static Endpoint Endpoint(EndpointInfo info, uint identity)
    {
        var message = new Endpoint { ID = info.Id, Identity = identity, ClusterName = info.ClusterName, Namespace = info.Namespace, PodName = info.PodName };
        message.Labels.AddRange(info.Labels);
        foreach (var workload in info.Workloads)
        {
            message.Workloads.Add(new Workload { Name = workload.Name, Kind = workload.Kind });
        }

        return message;
    }

    private static Endpoint Side(EndpointInfo info, uint identity) => identity == info.Identity ? info.Message : Endpoint(info, identity);

    /// <summary>One side's bytes.</summary>
    internal static byte[] SideBytes(EndpointInfo info, uint identity) => identity == info.Identity ? info.MessageBytes : Endpoint(info, identity).ToByteArray();

    private static IP Ip(FlowAddress source, FlowAddress destination, byte version) => new()
    {
        Source = source.ToString(),
        Destination = destination.ToString(),
        IpVersion = version == 4 ? IPVersion.Ipv4 : IPVersion.Ipv6,
    };

    private static Layer4? L4(in FlowRecord record)
    {
        switch (record.Protocol)
        {
            case IpProtocol.Tcp:
                var f = record.TcpFlags;
                return new Layer4
                {
                    TCP = new TCP
                    {
                        SourcePort = record.SourcePort,
                        DestinationPort = record.DestinationPort,
                        Flags = new TCPFlags
                        {
                            FIN = (f & TcpFlagBits.Fin) != 0,
                            SYN = (f & TcpFlagBits.Syn) != 0,
                            RST = (f & TcpFlagBits.Rst) != 0,
                            PSH = (f & TcpFlagBits.Psh) != 0,
                            ACK = (f & TcpFlagBits.Ack) != 0,
                            URG = (f & TcpFlagBits.Urg) != 0,
                            ECE = (f & TcpFlagBits.Ece) != 0,
                            CWR = (f & TcpFlagBits.Cwr) != 0,
                            NS = (f & TcpFlagBits.Ns) != 0,
                        },
                    },
                };
            case IpProtocol.Udp:
                return new Layer4 { UDP = new UDP { SourcePort = record.SourcePort, DestinationPort = record.DestinationPort } };
            case IpProtocol.Sctp:
                return new Layer4 { SCTP = new SCTP { SourcePort = record.SourcePort, DestinationPort = record.DestinationPort } };
            case IpProtocol.Icmp:
                return new Layer4 { ICMPv4 = new ICMPv4 { Type = record.IcmpType, Code = record.IcmpCode } };
            case IpProtocol.IcmpV6:
                return new Layer4 { ICMPv6 = new ICMPv6 { Type = record.IcmpType, Code = record.IcmpCode } };
            case IpProtocol.Igmp:
                // The group of a version 3 report is inside its records; the packet went to 224.0.0.22.
                return new Layer4 { IGMP = new IGMP { Type = record.IcmpType, GroupAddress = record.Destination.ToString() } };
            default:
                return null;
        }
    }

    /// <summary>Whether <see cref="AddExtras"/> would add something. Keep the two alike.</summary>
    internal static bool HasExtras(in FlowRecord record) =>
        record.L7 is not null || record.Policies is not null || record.SourceNames is not null || record.DestinationNames is not null
        || record.SourceService is not null || record.DestinationService is not null || record.PolicyLog is not null || record.TraceId is not null
        || record.TunnelProtocol != Tunnel.Types.Protocol.Unknown || record.EventType == FlowEventType.Membership;

    /// <summary>What few flows have.</summary>
    internal static void AddExtras(Flow flow, in FlowRecord record)
    {
        if (record.SourceNames is { } sources)
        {
            flow.SourceNames.AddRange(sources);
        }

        if (record.DestinationNames is { } destinations)
        {
            flow.DestinationNames.AddRange(destinations);
        }

        if (record.SourceService is { } source)
        {
            flow.SourceService = new Service { Name = source.Name, Namespace = source.Namespace };
        }

        if (record.DestinationService is { } destination)
        {
            flow.DestinationService = new Service { Name = destination.Name, Namespace = destination.Namespace };
        }

        flow.L7 = record.L7;
        if (record.TraceId is { } trace)
        {
            flow.TraceContext = new TraceContext { Parent = new TraceParent { TraceId = trace } };
        }

        if (record.TunnelProtocol != Tunnel.Types.Protocol.Unknown)
        {
            flow.Tunnel = new Tunnel
            {
                Protocol = record.TunnelProtocol,
                IP = Ip(record.TunnelSource, record.TunnelDestination, record.TunnelSource.IsIPv4 ? (byte)4 : (byte)6),
                L4 = new Layer4 { UDP = new UDP { SourcePort = record.TunnelSourcePort, DestinationPort = record.TunnelDestinationPort } },
                Vni = record.Vni,
            };
        }

        if (record.EventType == FlowEventType.Membership)
        {
            flow.Membership = new Membership
            {
                Change = record.MembershipChange,
                Group = record.Destination.ToString(),
                Protocol = record.MembershipProtocol switch { 1 => "IGMPV1", 2 => "IGMPV2", 3 => "IGMPV3", 4 => "MLDV1", 5 => "MLDV2", _ => "" },
                FilterMode = record.MembershipFilter switch { 1 => "INCLUDE", 2 => "EXCLUDE", _ => "" },
            };
        }

        Policies(flow, record);
    }

    private static void Policies(Flow flow, in FlowRecord record)
    {
        if (record.PolicyLog is { } log)
        {
            flow.PolicyLog.AddRange(log);
        }

        if (record.Policies is not { } policies)
        {
            return;
        }

        var list = (record.Direction == TrafficDirection.Egress, record.IsDenied) switch
        {
            (true, false) => flow.EgressAllowedBy,
            (true, true) => flow.EgressDeniedBy,
            (false, false) => flow.IngressAllowedBy,
            (false, true) => flow.IngressDeniedBy,
        };
        foreach (var policy in policies)
        {
            var message = new Policy { Name = policy.Name, Namespace = policy.Namespace, Kind = policy.Kind, Revision = policy.Revision };
            message.Labels.AddRange(policy.Labels);
            list.Add(message);
        }
    }

    private struct ArraySink : FlowWire.ISink
    {
        public byte[] Bytes { get; private set; }

        public int Length { get; private set; }

        public Span<byte> Room(int bytes) => Bytes = new byte[bytes];

        public void Written(int bytes) => Length = bytes;
    }
}
