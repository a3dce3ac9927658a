using System.Globalization;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary>Words of protocol enums as label values, made once.</summary>
internal static class MetricWords
{
    private static readonly string[] Verdicts = [.. Enumerable.Range(0, 8).Select(i => ProtoNames.Verdict[i].ToLowerInvariant())];
    private static readonly string[] Matches = [.. Enumerable.Range(0, 8).Select(i => EventTypes.PolicyMatch((uint)i).ToLowerInvariant())];

    public static string Direction(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Ingress => "ingress",
        TrafficDirection.Egress => "egress",
        _ => "unknown",
    };

    /// <summary>Lower case, as the policy metric has it.</summary>
    public static string Action(Verdict verdict) => (int)verdict < Verdicts.Length ? Verdicts[(int)verdict] : ((int)verdict).ToString(CultureInfo.InvariantCulture);

    public static string Match(uint type) => Matches[Math.Min(type, 7)];

    /// <summary>Who reports a request: the node of the client, or the server's.</summary>
    public static string Reporter(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Egress => "client",
        TrafficDirection.Ingress => "server",
        _ => "unknown",
    };

    /// <summary>The protocol as metrics name it: <c>TCP</c>, <c>ICMPv4</c>, <c>DNS</c>, or <c>Unknown L4</c>.</summary>
    public static string Protocol(in FlowRecord flow) => flow.EventType switch
    {
        FlowEventType.AccessLog => flow.L7?.RecordCase switch
        {
            Layer7.RecordOneofCase.Dns => "DNS",
            Layer7.RecordOneofCase.Http => "HTTP",
            Layer7.RecordOneofCase.Kafka => "Kafka",
            _ => "Unknown L7",
        },
        FlowEventType.Drop or FlowEventType.Trace or FlowEventType.PolicyVerdict or FlowEventType.Capture => Transport(in flow) ?? "Unknown L4",
        _ => "Unknown flow",
    };

    /// <summary>Null when the transport header is not known.</summary>
    public static string? Transport(in FlowRecord flow) => !flow.HasL4 ? null : flow.Protocol switch
    {
        IpProtocol.Tcp => "TCP",
        IpProtocol.Udp => "UDP",
        IpProtocol.Icmp => "ICMPv4",
        IpProtocol.IcmpV6 => "ICMPv6",
        IpProtocol.Sctp => "SCTP",
        IpProtocol.Igmp => "IGMP",
        IpProtocol.Vrrp => "VRRP",
        _ => null,
    };
}
