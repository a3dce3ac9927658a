using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Otlp;

namespace Waggle.Hubble.Export.Otlp;

/// <summary>A flow in OpenTelemetry's words: semantic conventions where they have one, <c>hubble.</c> otherwise.</summary>
internal static class FlowAttributes
{
    public static LogRecord Log(in FlowRecord flow, string body)
    {
        bool bad = flow.Verdict is Verdict.Dropped or Verdict.Error;
        var log = new LogRecord
        {
            TimeUnixNano = (ulong)flow.TimeNs,
            ObservedTimeUnixNano = (ulong)flow.TimeNs,
            SeverityNumber = bad ? 13 : 9,
            SeverityText = bad ? "WARN" : "INFO",
            Body = new AnyValue { StringValue = body },
            TraceId = ByteString.CopyFrom(FlowSpans.TraceId(in flow)),
        };
        Add(log.Attributes, in flow);
        return log;
    }

    public static void Add(ICollection<KeyValue> attributes, in FlowRecord flow)
    {
        attributes.Add(Text("hubble.verdict", ProtoNames.Verdict[(int)flow.Verdict]));
        attributes.Add(Text("hubble.summary", FlowSummary.Of(in flow)));
        if (flow.DropReason != 0)
        {
            attributes.Add(Text("hubble.drop_reason", ProtoNames.DropReason[flow.DropReason]));
        }

        if (flow.Direction != TrafficDirection.Unknown)
        {
            attributes.Add(Text("network.io.direction", flow.Direction == TrafficDirection.Ingress ? "receive" : "transmit"));
        }

        if (flow.IpVersion != 0)
        {
            attributes.Add(Text("network.type", flow.IpVersion == 6 ? "ipv6" : "ipv4"));
            attributes.Add(Text("source.address", flow.Source.ToString()));
            attributes.Add(Text("destination.address", flow.Destination.ToString()));
        }

        if (flow.HasPorts)
        {
            attributes.Add(Text("network.transport", flow.Protocol switch { IpProtocol.Tcp => "tcp", IpProtocol.Udp => "udp", _ => "sctp" }));
            attributes.Add(Number("source.port", flow.SourcePort));
            attributes.Add(Number("destination.port", flow.DestinationPort));
        }

        Side(attributes, "source", flow.SourceEndpoint, flow.SourceIdentity);
        Side(attributes, "destination", flow.DestinationEndpoint, flow.DestinationIdentity);
    }

    public static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    public static KeyValue Number(string key, long value) => new() { Key = key, Value = new AnyValue { IntValue = value } };

    private static void Side(ICollection<KeyValue> attributes, string side, EndpointInfo endpoint, uint identity)
    {
        attributes.Add(Number($"hubble.{side}.identity", identity));
        if (endpoint.PodName.Length > 0)
        {
            attributes.Add(Text($"hubble.{side}.namespace", endpoint.Namespace));
            attributes.Add(Text($"hubble.{side}.pod", endpoint.PodName));
        }

        if (endpoint.Workloads.Count > 0)
        {
            attributes.Add(Text($"hubble.{side}.workload", endpoint.Workloads[0].Name));
        }
    }
}
