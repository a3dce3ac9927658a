using Waggle.Cel;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

internal delegate CelValue FlowField(in FlowRecord flow);

internal delegate bool FlowTest(in FlowRecord flow);

/// <summary>
/// Fields of a flow that are read from its record, without making the message: those that people filter by. A test holds each to what
/// the message says.
/// </summary>
internal static class FlowFields
{
    // Never changed: what a flow without a record of layer 7 shows.
    private static readonly Layer7 NoL7 = new();

    public static IReadOnlyDictionary<string, FlowField> Values { get; } = Table();

    /// <summary>has() of messages; for other fields it follows from the value.</summary>
    public static IReadOnlyDictionary<string, FlowTest> Tests { get; } = new Dictionary<string, FlowTest>
    {
        ["IP"] = (in FlowRecord f) => f.IpVersion != 0,
        ["l4"] = (in FlowRecord f) => f.HasL4 && f.Protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp or IpProtocol.Icmp or IpProtocol.IcmpV6 or IpProtocol.Igmp,
        ["l4.TCP"] = (in FlowRecord f) => Is(f, IpProtocol.Tcp),
        ["l4.UDP"] = (in FlowRecord f) => Is(f, IpProtocol.Udp),
        ["l4.SCTP"] = (in FlowRecord f) => Is(f, IpProtocol.Sctp),
        ["l4.ICMPv4"] = (in FlowRecord f) => Is(f, IpProtocol.Icmp),
        ["l4.ICMPv6"] = (in FlowRecord f) => Is(f, IpProtocol.IcmpV6),
        ["l4.IGMP"] = (in FlowRecord f) => Is(f, IpProtocol.Igmp),
        ["l7"] = (in FlowRecord f) => f.L7 is not null,
        ["source"] = (in FlowRecord _) => true,
        ["destination"] = (in FlowRecord _) => true,
        ["source_service"] = (in FlowRecord f) => f.SourceService is not null,
        ["destination_service"] = (in FlowRecord f) => f.DestinationService is not null,
        ["interface"] = (in FlowRecord f) => f.Interface is not null,
        ["is_reply"] = (in FlowRecord f) => f.Reply != ReplyState.Unknown,
    };

    private static Dictionary<string, FlowField> Table()
    {
        var table = new Dictionary<string, FlowField>
        {
            ["time"] = (in FlowRecord f) => Time(f.TimeNs),
            ["uuid"] = (in FlowRecord f) => CelValue.Of(FlowUuid.Text(f)),
            ["verdict"] = (in FlowRecord f) => CelValue.Of((long)f.Verdict),
            ["drop_reason"] = (in FlowRecord f) => CelValue.OfUint(f.DropReason),
            ["drop_reason_desc"] = (in FlowRecord f) => CelValue.Of((long)f.DropReason),
            ["auth_type"] = (in FlowRecord f) => CelValue.Of((long)f.AuthType),
            ["Type"] = (in FlowRecord f) => CelValue.Of((long)f.FlowType),
            ["node_name"] = (in FlowRecord f) => CelValue.Of(f.Node.Name),
            ["node_labels"] = (in FlowRecord f) => CelValue.OfList(f.Node.Labels),
            ["event_type.type"] = (in FlowRecord f) => CelValue.Of((long)f.EventType),
            ["event_type.sub_type"] = (in FlowRecord f) => CelValue.Of((long)f.SubType),
            ["traffic_direction"] = (in FlowRecord f) => CelValue.Of((long)f.Direction),
            ["policy_match_type"] = (in FlowRecord f) => CelValue.OfUint(f.PolicyMatch),
            ["trace_observation_point"] = (in FlowRecord f) => CelValue.Of((long)f.TracePoint),
            ["trace_reason"] = (in FlowRecord f) => CelValue.Of((long)f.TraceReason),
            ["is_reply"] = (in FlowRecord f) => f.Reply == ReplyState.Unknown ? CelValue.Null : CelValue.Of(f.Reply == ReplyState.Yes),
            ["reply"] = (in FlowRecord f) => CelValue.Of(f.Reply == ReplyState.Yes),
            ["proxy_port"] = (in FlowRecord f) => CelValue.OfUint(f.ProxyPort),
            ["socket_cookie"] = (in FlowRecord f) => CelValue.OfUint(f.SocketCookie),
            ["cgroup_id"] = (in FlowRecord f) => CelValue.OfUint(f.CgroupId),
            ["packet_length"] = (in FlowRecord f) => CelValue.OfUint(f.PacketLength),
            ["source_names"] = (in FlowRecord f) => Names(f.SourceNames),
            ["destination_names"] = (in FlowRecord f) => Names(f.DestinationNames),
            ["interface.name"] = (in FlowRecord f) => CelValue.Of(f.Interface?.Name ?? ""),
            ["interface.index"] = (in FlowRecord f) => CelValue.OfUint(f.Interface?.Index ?? 0),
            ["source_service.name"] = (in FlowRecord f) => CelValue.Of(f.SourceService?.Name ?? ""),
            ["source_service.namespace"] = (in FlowRecord f) => CelValue.Of(f.SourceService?.Namespace ?? ""),
            ["destination_service.name"] = (in FlowRecord f) => CelValue.Of(f.DestinationService?.Name ?? ""),
            ["destination_service.namespace"] = (in FlowRecord f) => CelValue.Of(f.DestinationService?.Namespace ?? ""),
            ["trace_context.parent.trace_id"] = (in FlowRecord f) => CelValue.Of(f.TraceId ?? ""),
            ["IP.source"] = (in FlowRecord f) => CelValue.Of(f.IpVersion == 0 ? "" : f.Source.ToString()),
            ["IP.destination"] = (in FlowRecord f) => CelValue.Of(f.IpVersion == 0 ? "" : f.Destination.ToString()),
            ["IP.source_xlated"] = (in FlowRecord f) => CelValue.Of(f.IpVersion == 0 ? "" : f.SourceTranslated.ToString()),
            ["IP.ipVersion"] = (in FlowRecord f) => CelValue.Of(f.IpVersion switch { 0 => 0L, 4 => 1L, _ => 2L }),
            ["IP.encrypted"] = (in FlowRecord f) => CelValue.Of(f.IpVersion != 0 && f.Encrypted),
            ["l7"] = (in FlowRecord f) => CelValue.OfObject(f.L7 ?? NoL7),
        };
        Port(table, "TCP", IpProtocol.Tcp);
        Port(table, "UDP", IpProtocol.Udp);
        Port(table, "SCTP", IpProtocol.Sctp);
        Icmp(table, "ICMPv4", IpProtocol.Icmp);
        Icmp(table, "ICMPv6", IpProtocol.IcmpV6);
        foreach (var flag in Enum.GetValues<TcpFlagBits>().Where(flag => flag != TcpFlagBits.None))
        {
            table[$"l4.TCP.flags.{flag.ToString().ToUpperInvariant()}"] = (in FlowRecord f) => CelValue.Of(Is(f, IpProtocol.Tcp) && (f.TcpFlags & flag) != 0);
        }

        Side(table, "source", (in FlowRecord f) => f.SourceEndpoint, (in FlowRecord f) => CelValue.OfUint(f.SourceIdentity));
        Side(table, "destination", (in FlowRecord f) => f.DestinationEndpoint, (in FlowRecord f) => CelValue.OfUint(f.DestinationIdentity));
        return table;
    }

    private delegate EndpointInfo EndpointOf(in FlowRecord flow);

    private static void Side(Dictionary<string, FlowField> table, string side, EndpointOf endpoint, FlowField identity)
    {
        table[$"{side}.ID"] = (in FlowRecord f) => CelValue.OfUint(endpoint(f).Id);
        table[$"{side}.identity"] = identity;
        table[$"{side}.cluster_name"] = (in FlowRecord f) => CelValue.Of(endpoint(f).ClusterName);
        table[$"{side}.namespace"] = (in FlowRecord f) => CelValue.Of(endpoint(f).Namespace);
        table[$"{side}.pod_name"] = (in FlowRecord f) => CelValue.Of(endpoint(f).PodName);
        table[$"{side}.labels"] = (in FlowRecord f) => CelValue.OfList(endpoint(f).Labels);

        // The identity of the packet may differ from the message's, but its workloads do not.
        table[$"{side}.workloads"] = (in FlowRecord f) => CelValue.OfList(endpoint(f).Message.Workloads);
    }

    private static void Port(Dictionary<string, FlowField> table, string name, byte protocol)
    {
        table[$"l4.{name}.source_port"] = (in FlowRecord f) => CelValue.OfUint(Is(f, protocol) ? f.SourcePort : 0u);
        table[$"l4.{name}.destination_port"] = (in FlowRecord f) => CelValue.OfUint(Is(f, protocol) ? f.DestinationPort : 0u);
    }

    private static void Icmp(Dictionary<string, FlowField> table, string name, byte protocol)
    {
        table[$"l4.{name}.type"] = (in FlowRecord f) => CelValue.OfUint(Is(f, protocol) ? f.IcmpType : 0u);
        table[$"l4.{name}.code"] = (in FlowRecord f) => CelValue.OfUint(Is(f, protocol) ? f.IcmpCode : 0u);
    }

    private static bool Is(in FlowRecord flow, byte protocol) => flow.HasL4 && flow.Protocol == protocol;

    private static CelValue Time(long unixNs)
    {
        var rest = ((unixNs % 1_000_000_000) + 1_000_000_000) % 1_000_000_000;
        return CelValue.OfTimestamp((unixNs - rest) / 1_000_000_000, (int)rest);
    }

    private static CelValue Names(IReadOnlyList<string>? names) => names is null ? CelLists.Empty : CelValue.OfList(names);
}
