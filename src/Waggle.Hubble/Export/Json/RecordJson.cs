using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export.Json;

/// <summary>Records of layer 7 as JSON.</summary>
internal static class RecordJson
{
    public static void Write(JsonLine line, Layer7 l7)
    {
        line.Begin("\"l7\":"u8);
        line.Word("\"type\":"u8, l7.Type switch { L7FlowType.Request => "REQUEST"u8, L7FlowType.Response => "RESPONSE"u8, L7FlowType.Sample => "SAMPLE"u8, _ => default });
        line.BigNumber("\"latency_ns\":"u8, l7.LatencyNs);
        switch (l7.RecordCase)
        {
            case Layer7.RecordOneofCase.Dns:
                Dns(line, l7.Dns);
                break;
            case Layer7.RecordOneofCase.Http:
                Http(line, l7.Http);
                break;
            case Layer7.RecordOneofCase.Kafka:
                Kafka(line, l7.Kafka);
                break;
            default:
                break;
        }

        line.End();
    }

    private static void Dns(JsonLine line, DNS dns)
    {
        line.Begin("\"dns\":"u8);
        line.Text("\"query\":"u8, dns.Query);
        Texts(line, "\"ips\":"u8, dns.Ips);
        line.Number("\"ttl\":"u8, dns.Ttl);
        Texts(line, "\"cnames\":"u8, dns.Cnames);
        line.Text("\"observation_source\":"u8, dns.ObservationSource);
        line.Number("\"rcode\":"u8, dns.Rcode);
        Texts(line, "\"qtypes\":"u8, dns.Qtypes);
        Texts(line, "\"rrtypes\":"u8, dns.Rrtypes);
        line.End();
    }

    private static void Http(JsonLine line, HTTP http)
    {
        line.Begin("\"http\":"u8);
        line.Number("\"code\":"u8, http.Code);
        line.Text("\"method\":"u8, http.Method);
        line.Text("\"url\":"u8, http.Url);
        line.Text("\"protocol\":"u8, http.Protocol);
        if (http.Headers.Count > 0)
        {
            line.BeginList("\"headers\":"u8);
            foreach (HTTPHeader header in http.Headers)
            {
                line.Item();
                line.Begin();
                line.Text("\"key\":"u8, header.Key);
                line.Text("\"value\":"u8, header.Value);
                line.End();
            }

            line.EndList();
        }

        line.End();
    }

    private static void Kafka(JsonLine line, Kafka kafka)
    {
        line.Begin("\"kafka\":"u8);
        line.Number("\"error_code\":"u8, kafka.ErrorCode);
        line.Number("\"api_version\":"u8, kafka.ApiVersion);
        line.Text("\"api_key\":"u8, kafka.ApiKey);
        line.Number("\"correlation_id\":"u8, kafka.CorrelationId);
        line.Text("\"topic\":"u8, kafka.Topic);
        line.End();
    }

    private static void Texts(JsonLine line, ReadOnlySpan<byte> name, Google.Protobuf.Collections.RepeatedField<string> values)
    {
        if (values.Count > 0)
        {
            line.Texts(name, values);
        }
    }
}
