using System.Text.Json.Serialization;
using Waggle.Hubble.Flows;

namespace Waggle.Bench.Export;

// The same fields as the exporter's lines, as one would write them for System.Text.Json.
internal sealed record JsonFlowEvent(JsonFlow Flow, string NodeName, DateTimeOffset Time)
{
    public static JsonFlowEvent Of(in FlowRecord flow)
    {
        var time = DateTimeOffset.UnixEpoch.AddTicks(flow.TimeNs / 100);
        return new JsonFlowEvent(
            new JsonFlow(
                time, FlowUuid.Of(in flow), flow.Verdict.ToString().ToUpperInvariant(), flow.DropReason, new JsonEthernet("0a:58:0a:00:01:01", "0a:58:0a:00:01:02"),
                new JsonIp(flow.Source.ToString(), flow.Destination.ToString(), "IPv4"), new JsonL4(new JsonTcp(flow.SourcePort, flow.DestinationPort, new JsonTcpFlags(true, true))),
                JsonEndpoint.Of(flow.SourceEndpoint), JsonEndpoint.Of(flow.DestinationEndpoint), "L3_L4", flow.Node.Name, flow.Node.Labels, new JsonEventType((int)flow.EventType, flow.SubType), "INGRESS", flow.PolicyMatch,
                "TO_ENDPOINT", "ESTABLISHED", flow.Reply == ReplyState.Yes, new JsonInterface(7, "lxc1234567890"), "TCP Flags: ACK, PSH", flow.PacketLength),
            flow.Node.Name, time);
    }
}

internal sealed record JsonFlow(
    DateTimeOffset Time, Guid Uuid, string Verdict, int DropReason, JsonEthernet Ethernet, [property: JsonPropertyName("IP")] JsonIp Ip, JsonL4 L4, JsonEndpoint Source, JsonEndpoint Destination, [property: JsonPropertyName("Type")] string Type,
    string NodeName, IReadOnlyList<string> NodeLabels, JsonEventType EventType, string TrafficDirection, int PolicyMatchType, string TraceObservationPoint, string TraceReason, bool IsReply, JsonInterface Interface,
    [property: JsonPropertyName("Summary")] string Summary, uint PacketLength);

internal sealed record JsonEthernet(string Source, string Destination);

internal sealed record JsonIp(string Source, string Destination, string IpVersion);

internal sealed record JsonL4([property: JsonPropertyName("TCP")] JsonTcp Tcp);

internal sealed record JsonTcp(int SourcePort, int DestinationPort, JsonTcpFlags Flags);

internal sealed record JsonTcpFlags([property: JsonPropertyName("ACK")] bool Ack, [property: JsonPropertyName("PSH")] bool Psh);

internal sealed record JsonEventType(int Type, int SubType);

internal sealed record JsonInterface(uint Index, string Name);

internal sealed record JsonWorkload(string Name, string Kind);

internal sealed record JsonEndpoint([property: JsonPropertyName("ID")] uint Id, uint Identity, string ClusterName, string Namespace, IReadOnlyList<string> Labels, string PodName, IReadOnlyList<JsonWorkload> Workloads)
{
    public static JsonEndpoint Of(EndpointInfo endpoint) =>
        new(endpoint.Id, endpoint.Identity, endpoint.ClusterName, endpoint.Namespace, endpoint.Labels, endpoint.PodName, [.. endpoint.Workloads.Select(workload => new JsonWorkload(workload.Name, workload.Kind))]);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(JsonFlowEvent))]
internal sealed partial class FlowGraphContext : JsonSerializerContext;
