using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Otlp;

namespace Waggle.Hubble.Export.Otlp;

/// <summary>Spans of layer 7, and which trace a flow belongs to.</summary>
internal static class FlowSpans
{
    /// <summary>A span for an answer (it knows how long it took) or a refused request; null for anything else.</summary>
    public static Span? TryMake(in FlowRecord flow)
    {
        if (flow.L7 is not { } l7 || (l7.Type != L7FlowType.Response && flow.Verdict != Verdict.Dropped))
        {
            return null;
        }

        var span = new Span
        {
            TraceId = ByteString.CopyFrom(TraceId(in flow)),
            SpanId = ByteString.CopyFrom(Hash(FlowUuid.Text(in flow), 8)),
            Kind = flow.Direction == TrafficDirection.Egress ? 3 : 2,
            StartTimeUnixNano = (ulong)flow.TimeNs - Math.Min(l7.LatencyNs, (ulong)flow.TimeNs),
            EndTimeUnixNano = (ulong)flow.TimeNs,
            Status = new Status { Code = flow.Verdict is Verdict.Dropped or Verdict.Error ? 2 : 0 },
        };
        FlowAttributes.Add(span.Attributes, in flow);
        switch (l7.RecordCase)
        {
            case Layer7.RecordOneofCase.Http:
                span.Name = l7.Http.Method.Length > 0 ? l7.Http.Method : "HTTP";
                span.Attributes.Add(FlowAttributes.Text("http.request.method", l7.Http.Method));
                span.Attributes.Add(FlowAttributes.Text("url.full", l7.Http.Url));
                span.Attributes.Add(FlowAttributes.Number("http.response.status_code", l7.Http.Code));
                span.Status.Code = l7.Http.Code >= 500 ? 2 : span.Status.Code;
                if (TraceHeaders.Find(l7.Http) is { Span: { } parent } header && header.Trace == flow.TraceId)
                {
                    span.ParentSpanId = ByteString.CopyFrom(Convert.FromHexString(parent));
                }

                break;
            case Layer7.RecordOneofCase.Dns:
                span.Name = "DNS " + string.Join(',', l7.Dns.Qtypes);
                span.Attributes.Add(FlowAttributes.Text("dns.question.name", l7.Dns.Query));
                span.Attributes.Add(FlowAttributes.Text("dns.response_code", DnsCodes.Text(l7.Dns.Rcode)));
                break;
            case Layer7.RecordOneofCase.Kafka:
                span.Name = "Kafka " + l7.Kafka.ApiKey;
                span.Attributes.Add(FlowAttributes.Text("messaging.system", "kafka"));
                span.Attributes.Add(FlowAttributes.Text("messaging.destination.name", l7.Kafka.Topic));
                break;
            default:
                span.Name = "L7";
                break;
        }

        return span;
    }

    /// <summary>16 bytes: what the request's own trace header says; otherwise one for all flows of a conversation.</summary>
    public static byte[] TraceId(in FlowRecord flow)
    {
        if (flow.TraceId is { Length: 32 } told)
        {
            try
            {
                return Convert.FromHexString(told);
            }
            catch (FormatException)
            {
                // Whoever sent it made it up; then we do.
            }
        }

        // Both directions give the same bytes: the smaller side first.
        Span<byte> bytes = stackalloc byte[2 * 22 + 1];
        bool swap = (flow.Source.High, flow.Source.Low, flow.SourcePort).CompareTo((flow.Destination.High, flow.Destination.Low, flow.DestinationPort)) > 0;
        Write(bytes, swap ? flow.Destination : flow.Source, swap ? flow.DestinationPort : flow.SourcePort, swap ? flow.DestinationIdentity : flow.SourceIdentity);
        Write(bytes[22..], swap ? flow.Source : flow.Destination, swap ? flow.SourcePort : flow.DestinationPort, swap ? flow.SourceIdentity : flow.DestinationIdentity);
        bytes[44] = flow.Protocol;
        return SHA256.HashData(bytes)[..16];
    }

    private static void Write(Span<byte> target, FlowAddress address, ushort port, uint identity)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, address.High);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], address.Low);
        BinaryPrimitives.WriteUInt16BigEndian(target[16..], port);
        BinaryPrimitives.WriteUInt32BigEndian(target[18..], identity);
    }

    private static byte[] Hash(string text, int length) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text))[..length];
}
