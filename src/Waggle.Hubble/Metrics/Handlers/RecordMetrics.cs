using Google.Protobuf.Collections;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Metrics.Series;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary><c>dns</c>: questions and answers.</summary>
internal sealed class DnsMetric : FlowMetric
{
    private readonly CounterFamily _queries, _responses, _types;
    private readonly bool _query, _ignoreAaaa;

    public DnsMetric(MetricDefinition definition, int limit) : base(definition, limit)
    {
        (_query, _ignoreAaaa) = (Has("query"), Has("ignoreAAAA"));
        string[] more = _query ? ["query"] : [];
        _queries = Counter("dns_queries_total", "Number of DNS queries observed", ["rcode", "qtypes", "ips_returned", .. more]);
        _responses = Counter("dns_responses_total", "Number of DNS queries observed", ["rcode", "qtypes", "ips_returned", .. more]);
        _types = Counter("dns_response_types_total", "Number of DNS queries observed", ["type", "qtypes", .. more]);
    }

    public override void Process(in FlowRecord flow)
    {
        if (flow.L7?.Dns is not { } dns || (_ignoreAaaa && dns.Qtypes.Count == 1 && dns.Qtypes[0] == "AAAA"))
        {
            return;
        }

        bool dropped = flow.Verdict == Verdict.Dropped, response = !dropped && flow.Reply == ReplyState.Yes;
        var values = new LabelValues(stackalloc char[512]);
        values.Add(dropped ? "Policy denied" : response ? DnsCodes.Text(dns.Rcode) : "");
        Join(ref values, dns.Qtypes);
        values.Add(dns.Ips.Count);
        Finish(ref values, in flow, dns, response ? _responses : _queries);
        if (response)
        {
            foreach (string type in dns.Rrtypes)
            {
                values.Rewind((0, 0));
                values.Add(type);
                Join(ref values, dns.Qtypes);
                Finish(ref values, in flow, dns, _types);
            }
        }

        values.Dispose();
    }

    private void Finish(ref LabelValues values, in FlowRecord flow, DNS dns, CounterFamily family)
    {
        if (_query)
        {
            values.Add(dns.Query);
        }

        Context.AddTo(ref values, in flow);
        family.Add(ref values);
    }

    private static void Join(ref LabelValues values, RepeatedField<string> parts)
    {
        values.Begin();
        for (int i = 0; i < parts.Count; i++)
        {
            values.Append(i > 0 ? "," : "");
            values.Append(parts[i]);
        }
    }
}

/// <summary><c>http</c> and <c>httpV2</c>: requests, answers, durations. The second counts once per answer, for the side that asked.</summary>
internal sealed class HttpMetric : FlowMetric
{
    private readonly CounterFamily _requests;
    private readonly CounterFamily? _responses;
    private readonly HistogramFamily _durations;
    private readonly bool _second, _exemplars;

    public HttpMetric(MetricDefinition definition, int limit) : base(definition, limit)
    {
        _second = definition.Name == "httpV2";
        _exemplars = definition.Options.Any(o => o.Name.Equals("exemplars", StringComparison.OrdinalIgnoreCase) && o.Values is ["true"]);
        _requests = Counter("http_requests_total", "Count of HTTP requests", _second ? ["method", "protocol", "status", "reporter"] : ["method", "protocol", "reporter"]);
        _responses = _second ? null : Counter("http_responses_total", "Count of HTTP responses", "method", "protocol", "status", "reporter");
        _durations = Histogram("http_request_duration_seconds", "Quantiles of HTTP request duration in seconds", "method", "reporter");
    }

    public override void Process(in FlowRecord flow)
    {
        if (flow.L7?.Http is not { } http || flow.L7.Type is not (L7FlowType.Request or L7FlowType.Response))
        {
            return;
        }

        string trace = _exemplars ? flow.TraceId ?? "" : "";
        string reporter = MetricWords.Reporter(flow.Direction);
        bool response = flow.L7.Type == L7FlowType.Response;
        if (!response && _second)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(http.Method);
        values.Add(http.Protocol);
        if (response)
        {
            values.Add((int)http.Code);
        }

        values.Add(reporter);
        Context.AddTo(ref values, in flow, swap: _second);
        (response && !_second ? _responses! : _requests).Add(ref values, trace);
        if (response)
        {
            values.Rewind((0, 0));
            values.Add(http.Method);
            values.Add(reporter);
            Context.AddTo(ref values, in flow, swap: _second);
            _durations.Observe(ref values, flow.L7.LatencyNs / 1e9, trace);
        }

        values.Dispose();
    }
}

/// <summary><c>kafka</c>: requests by topic.</summary>
internal sealed class KafkaMetric : FlowMetric
{
    private readonly CounterFamily _requests;
    private readonly HistogramFamily _durations;

    public KafkaMetric(MetricDefinition definition, int limit) : base(definition, limit)
    {
        _requests = Counter("kafka_requests_total", "Count of Kafka requests", "topic", "api_key", "error_code", "reporter");
        _durations = Histogram("kafka_request_duration_seconds", "Quantiles of Kafka request duration in seconds", "topic", "api_key", "reporter");
    }

    public override void Process(in FlowRecord flow)
    {
        if (flow.L7?.Kafka is not { } kafka || flow.L7.Type != L7FlowType.Request)
        {
            return;
        }

        string reporter = MetricWords.Reporter(flow.Direction);
        var values = new LabelValues(stackalloc char[256]);
        values.Add(kafka.Topic);
        values.Add(kafka.ApiKey);
        values.Add(kafka.ErrorCode);
        values.Add(reporter);
        Context.AddTo(ref values, in flow);
        _requests.Add(ref values);
        values.Rewind((0, 0));
        values.Add(kafka.Topic);
        values.Add(kafka.ApiKey);
        values.Add(reporter);
        Context.AddTo(ref values, in flow);
        _durations.Observe(ref values, flow.L7.LatencyNs / 1e9);
        values.Dispose();
    }
}
