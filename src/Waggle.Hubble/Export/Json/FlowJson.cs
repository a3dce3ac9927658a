using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export.Json;

/// <summary>
/// Writes records as the exporter's JSON lines: one <c>observer.ExportEvent</c> for each, in proto3's JSON mapping with the fields'
/// original names. It says what the protobuf form would say, without making it.
/// </summary>
public sealed class FlowJson(JsonLine line)
{
    private const int CachedEndpoints = 8192;

    private static readonly WordTable Verdicts = new(ProtoNames.Verdict), AuthTypes = new(ProtoNames.AuthType), FlowTypes = new(ProtoNames.FlowType), Directions = new(ProtoNames.TrafficDirection),
        Points = new(ProtoNames.TraceObservationPoint), Reasons = new(ProtoNames.TraceReason), Drops = new(ProtoNames.DropReason), SocketPoints = new(ProtoNames.SocketTranslationPoint),
        LostSources = new(ProtoNames.LostEventSource);

    // Endpoints are immutable and shared by all flows of a pod: their JSON is made once. By reference, and forgotten as a whole.
    private readonly Dictionary<EndpointInfo, byte[]> _endpoints = [];

    /// <summary>One line with its newline.</summary>
    /// <param name="counts">How many flows it stands for.</param>
    public void Write(in FlowRecord flow, FlowCounts counts = default)
    {
        line.Begin();
        if (flow.Kind == FlowRecordKind.Lost)
        {
            Lost(in flow);
        }
        else
        {
            line.Begin("\"flow\":"u8);
            Fields(in flow, counts);
            line.End();
        }

        line.Text("\"node_name\":"u8, flow.Node.Name);
        line.Time("\"time\":"u8, flow.TimeNs);
        line.Raw("}\n"u8);
    }

    /// <summary>A line that tells of losses: the exporter's own, or somebody's before it.</summary>
    public void WriteLost(LostEventSource source, ulong count, string node, long unixNanoseconds)
    {
        line.Begin();
        line.Begin("\"lost_events\":"u8);
        LostSources.Write(line, "\"source\":"u8, (int)source);
        line.BigNumber("\"num_events_lost\":"u8, count);
        line.End();
        line.Text("\"node_name\":"u8, node);
        line.Time("\"time\":"u8, unixNanoseconds);
        line.Raw("}\n"u8);
    }

    private void Lost(in FlowRecord flow)
    {
        line.Begin("\"lost_events\":"u8);
        LostSources.Write(line, "\"source\":"u8, (int)flow.LostSource);
        line.BigNumber("\"num_events_lost\":"u8, flow.LostCount);
        if (flow.LostSource == LostEventSource.PerfEventRingBuffer)
        {
            line.Number("\"cpu\":"u8, flow.Cpu);
        }

        line.End();
    }

    // In the order of the protocol's definition.
    private void Fields(in FlowRecord flow, FlowCounts counts)
    {
        line.Time("\"time\":"u8, flow.TimeNs);
        if (flow.ForeignUuid is { } foreign)
        {
            line.Text("\"uuid\":"u8, foreign);
        }
        else if (flow.UuidSeed != 0)
        {
            line.Uuid("\"uuid\":"u8, FlowUuid.Of(in flow));
        }

        Verdicts.Write(line, "\"verdict\":"u8, (int)flow.Verdict);
        line.Number("\"drop_reason\":"u8, flow.DropReason);
        AuthTypes.Write(line, "\"auth_type\":"u8, (int)flow.AuthType);
        if ((flow.SourceMac | flow.DestinationMac) != 0)
        {
            line.Begin("\"ethernet\":"u8);
            line.Mac("\"source\":"u8, flow.SourceMac);
            line.Mac("\"destination\":"u8, flow.DestinationMac);
            line.End();
        }

        if (flow.IpVersion != 0)
        {
            line.Begin("\"IP\":"u8);
            line.Address("\"source\":"u8, flow.Source);
            line.Address("\"source_xlated\":"u8, flow.SourceTranslated);
            line.Address("\"destination\":"u8, flow.Destination);
            line.Word("\"ipVersion\":"u8, flow.IpVersion == 4 ? "IPv4"u8 : "IPv6"u8);
            line.True("\"encrypted\":"u8, flow.Encrypted);
            line.End();
        }

        Transport(in flow);
        if (flow.TunnelProtocol != Tunnel.Types.Protocol.Unknown)
        {
            TunnelHeaders(in flow);
        }

        Side("\"source\":"u8, flow.SourceEndpoint, flow.SourceIdentity);
        Side("\"destination\":"u8, flow.DestinationEndpoint, flow.DestinationIdentity);
        FlowTypes.Write(line, "\"Type\":"u8, (int)flow.FlowType);
        line.Text("\"node_name\":"u8, flow.Node.Name);
        line.Texts("\"node_labels\":"u8, flow.Node.Labels);
        line.Texts("\"source_names\":"u8, flow.SourceNames);
        line.Texts("\"destination_names\":"u8, flow.DestinationNames);
        if (flow.L7 is { } l7)
        {
            RecordJson.Write(line, l7);
        }

        line.True("\"reply\":"u8, flow.Reply == ReplyState.Yes);
        line.Begin("\"event_type\":"u8);
        line.Number("\"type\":"u8, (int)flow.EventType);
        line.Number("\"sub_type\":"u8, flow.SubType);
        line.End();
        Service("\"source_service\":"u8, flow.SourceService);
        Service("\"destination_service\":"u8, flow.DestinationService);
        Directions.Write(line, "\"traffic_direction\":"u8, (int)flow.Direction);
        line.Number("\"policy_match_type\":"u8, flow.PolicyMatch);
        Points.Write(line, "\"trace_observation_point\":"u8, (int)flow.TracePoint);
        Reasons.Write(line, "\"trace_reason\":"u8, (int)flow.TraceReason);
        if (flow.File is { } file)
        {
            line.Begin("\"file\":"u8);
            line.Text("\"name\":"u8, file);
            line.Number("\"line\":"u8, flow.Line);
            line.End();
        }

        Drops.Write(line, "\"drop_reason_desc\":"u8, flow.DropReason);
        if (flow.Reply != ReplyState.Unknown)
        {
            line.Name("\"is_reply\":"u8);
            line.Raw(flow.Reply == ReplyState.Yes ? "true"u8 : "false"u8);
        }

        if (flow.Interface is { } device)
        {
            line.Begin("\"interface\":"u8);
            line.Number("\"index\":"u8, device.Index);
            line.Text("\"name\":"u8, device.Name);
            line.End();
        }

        line.Number("\"proxy_port\":"u8, flow.ProxyPort);
        if (flow.TraceId is { } trace)
        {
            line.Begin("\"trace_context\":"u8);
            line.Begin("\"parent\":"u8);
            line.Text("\"trace_id\":"u8, trace);
            line.End();
            line.End();
        }

        SocketPoints.Write(line, "\"sock_xlate_point\":"u8, (int)flow.SocketPoint);
        line.BigNumber("\"socket_cookie\":"u8, flow.SocketCookie);
        line.BigNumber("\"cgroup_id\":"u8, flow.CgroupId);
        line.Text("\"Summary\":"u8, FlowSummary.Of(in flow));
        PolicyList(in flow);
        line.Texts("\"policy_log\":"u8, flow.PolicyLog);
        if (!counts.IsNone)
        {
            line.Begin("\"aggregate\":"u8);
            line.Number("\"ingress_flow_count\":"u8, counts.Ingress);
            line.Number("\"egress_flow_count\":"u8, counts.Egress);
            line.Number("\"unknown_direction_flow_count\":"u8, counts.Unknown);
            line.End();
        }

        if (flow.EventType == FlowEventType.Membership)
        {
            Membership(in flow);
        }

        line.Number("\"packet_length\":"u8, flow.PacketLength);
        if (flow.DropReason != 0)
        {
            line.Text("\"drop_reason_text\":"u8, DropTexts.Of(flow.DropReason));
        }
    }

    private void Transport(in FlowRecord flow)
    {
        if (!flow.HasL4)
        {
            return;
        }

        switch (flow.Protocol)
        {
            case IpProtocol.Tcp:
                line.Begin("\"l4\":"u8);
                line.Begin("\"TCP\":"u8);
                Ports(flow.SourcePort, flow.DestinationPort);
                line.Begin("\"flags\":"u8);
                line.True("\"FIN\":"u8, (flow.TcpFlags & TcpFlagBits.Fin) != 0);
                line.True("\"SYN\":"u8, (flow.TcpFlags & TcpFlagBits.Syn) != 0);
                line.True("\"RST\":"u8, (flow.TcpFlags & TcpFlagBits.Rst) != 0);
                line.True("\"PSH\":"u8, (flow.TcpFlags & TcpFlagBits.Psh) != 0);
                line.True("\"ACK\":"u8, (flow.TcpFlags & TcpFlagBits.Ack) != 0);
                line.True("\"URG\":"u8, (flow.TcpFlags & TcpFlagBits.Urg) != 0);
                line.True("\"ECE\":"u8, (flow.TcpFlags & TcpFlagBits.Ece) != 0);
                line.True("\"CWR\":"u8, (flow.TcpFlags & TcpFlagBits.Cwr) != 0);
                line.True("\"NS\":"u8, (flow.TcpFlags & TcpFlagBits.Ns) != 0);
                line.Raw("}}}"u8);
                break;
            case IpProtocol.Udp:
                line.Begin("\"l4\":"u8);
                line.Begin("\"UDP\":"u8);
                Ports(flow.SourcePort, flow.DestinationPort);
                line.Raw("}}"u8);
                break;
            case IpProtocol.Sctp:
                line.Begin("\"l4\":"u8);
                line.Begin("\"SCTP\":"u8);
                Ports(flow.SourcePort, flow.DestinationPort);
                line.Raw("}}"u8);
                break;
            case IpProtocol.Icmp or IpProtocol.IcmpV6:
                line.Begin("\"l4\":"u8);
                line.Begin(flow.Protocol == IpProtocol.Icmp ? "\"ICMPv4\":"u8 : "\"ICMPv6\":"u8);
                line.Number("\"type\":"u8, flow.IcmpType);
                line.Number("\"code\":"u8, flow.IcmpCode);
                line.Raw("}}"u8);
                break;
            case IpProtocol.Igmp:
                line.Begin("\"l4\":"u8);
                line.Begin("\"IGMP\":"u8);
                line.Number("\"type\":"u8, flow.IcmpType);
                line.Address("\"group_address\":"u8, flow.Destination);
                line.Raw("}}"u8);
                break;
            default:
                break;
        }
    }

    private void TunnelHeaders(in FlowRecord flow)
    {
        line.Begin("\"tunnel\":"u8);
        line.Word("\"protocol\":"u8, flow.TunnelProtocol == Tunnel.Types.Protocol.Vxlan ? "VXLAN"u8 : "GENEVE"u8);
        line.Begin("\"IP\":"u8);
        line.Address("\"source\":"u8, flow.TunnelSource);
        line.Address("\"destination\":"u8, flow.TunnelDestination);
        line.Word("\"ipVersion\":"u8, flow.TunnelSource.IsIPv4 ? "IPv4"u8 : "IPv6"u8);
        line.End();
        line.Begin("\"l4\":"u8);
        line.Begin("\"UDP\":"u8);
        Ports(flow.TunnelSourcePort, flow.TunnelDestinationPort);
        line.Raw("}}"u8);
        line.Number("\"vni\":"u8, flow.Vni);
        line.End();
    }

    private void Ports(ushort source, ushort destination)
    {
        line.Number("\"source_port\":"u8, source);
        line.Number("\"destination_port\":"u8, destination);
    }

    private void Side(ReadOnlySpan<byte> name, EndpointInfo endpoint, uint identity)
    {
        line.Name(name);
        if (identity != endpoint.Identity)
        {
            EndpointObject(line, endpoint, identity);
            return;
        }

        if (!_endpoints.TryGetValue(endpoint, out byte[]? json))
        {
            int start = line.Length;
            EndpointObject(line, endpoint, identity);
            if (_endpoints.Count >= CachedEndpoints)
            {
                _endpoints.Clear();
            }

            _endpoints.Add(endpoint, line.Written.Span[start..].ToArray());
            return;
        }

        line.Raw(json);
    }

    private static void EndpointObject(JsonLine line, EndpointInfo endpoint, uint identity)
    {
        line.Begin();
        line.Number("\"ID\":"u8, endpoint.Id);
        line.Number("\"identity\":"u8, identity);
        line.Text("\"cluster_name\":"u8, endpoint.ClusterName);
        line.Text("\"namespace\":"u8, endpoint.Namespace);
        line.Texts("\"labels\":"u8, endpoint.Labels);
        line.Text("\"pod_name\":"u8, endpoint.PodName);
        if (endpoint.Workloads.Count > 0)
        {
            line.BeginList("\"workloads\":"u8);
            foreach (WorkloadInfo workload in endpoint.Workloads)
            {
                line.Item();
                line.Begin();
                line.Text("\"name\":"u8, workload.Name);
                line.Text("\"kind\":"u8, workload.Kind);
                line.End();
            }

            line.EndList();
        }

        line.End();
    }

    private void Service(ReadOnlySpan<byte> name, ServiceInfo? service)
    {
        if (service is not null)
        {
            line.Begin(name);
            line.Text("\"name\":"u8, service.Name);
            line.Text("\"namespace\":"u8, service.Namespace);
            line.End();
        }
    }

    private void PolicyList(in FlowRecord flow)
    {
        if (flow.Policies is not { Count: > 0 } policies)
        {
            return;
        }

        bool denied = flow.IsDenied, egress = flow.Direction == TrafficDirection.Egress;
        line.BeginList(egress ? denied ? "\"egress_denied_by\":"u8 : "\"egress_allowed_by\":"u8 : denied ? "\"ingress_denied_by\":"u8 : "\"ingress_allowed_by\":"u8);
        for (int i = 0; i < policies.Count; i++)
        {
            line.Item();
            line.Begin();
            line.Text("\"name\":"u8, policies[i].Name);
            line.Text("\"namespace\":"u8, policies[i].Namespace);
            line.Texts("\"labels\":"u8, policies[i].Labels);
            line.BigNumber("\"revision\":"u8, policies[i].Revision);
            line.Text("\"kind\":"u8, policies[i].Kind);
            line.End();
        }

        line.EndList();
    }

    private void Membership(in FlowRecord flow)
    {
        line.Begin("\"membership\":"u8);
        line.Word("\"change\":"u8, (int)flow.MembershipChange switch { 1 => "JOIN"u8, 2 => "LEAVE"u8, 3 => "FILTER"u8, 4 => "LEAVING"u8, _ => default });
        line.Address("\"group\":"u8, flow.Destination);
        line.Word("\"protocol\":"u8, flow.MembershipProtocol switch { 1 => "IGMPV1"u8, 2 => "IGMPV2"u8, 3 => "IGMPV3"u8, 4 => "MLDV1"u8, 5 => "MLDV2"u8, _ => default });
        line.Word("\"filter_mode\":"u8, flow.MembershipFilter switch { 1 => "INCLUDE"u8, 2 => "EXCLUDE"u8, _ => default });
        line.End();
    }
}
