using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Waggle.Hubble.Export.Json;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Otlp;

namespace Waggle.Hubble.Export.Otlp;

/// <summary>
/// Records to an OpenTelemetry collector, as protobuf over HTTP: a flow is a log record whose body is its JSON, an answer of layer 7 is
/// a span too.
/// </summary>
public sealed class OtlpSink : IFlowSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Uri _logsAddress, _tracesAddress;
    private readonly Resource _resource;
    private readonly Scope _scope = new() { Name = "hubble" };
    private readonly JsonLine _line = new();
    private readonly FlowJson _json;
    private ScopeLogs _logs;
    private ScopeSpans _spans;

    /// <param name="collector">The collector's address, e.g. <c>http://collector:4318</c>.</param>
    /// <param name="node">Name of this node.</param>
    /// <param name="time">What answers are waited for by.</param>
    /// <param name="handler">For tests.</param>
    public OtlpSink(Uri collector, string cluster, string node, TimeProvider time, HttpMessageHandler? handler = null)
    {
        _time = time;
        string root = collector.AbsoluteUri.TrimEnd('/');
        (_logsAddress, _tracesAddress) = (new Uri(root + "/v1/logs"), new Uri(root + "/v1/traces"));
        _http = new HttpClient(handler ?? new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Patience, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 1 << 20 };
        _json = new FlowJson(_line);
        _resource = new Resource { Attributes = { FlowAttributes.Text("service.name", "hubble"), FlowAttributes.Text("k8s.cluster.name", cluster), FlowAttributes.Text("k8s.node.name", node) } };
        (_logs, _spans) = (new ScopeLogs { Scope = _scope }, new ScopeSpans { Scope = _scope });
    }

    public void Add(in FlowRecord flow, FlowCounts counts = default)
    {
        _line.Clear();
        _json.Write(in flow, counts);
        LogRecord log = FlowAttributes.Log(in flow, System.Text.Encoding.UTF8.GetString(_line.Written.Span[..^1]));
        _logs.LogRecords.Add(log);
        if (!counts.IsNone)
        {
            log.Attributes.Add(FlowAttributes.Number("hubble.aggregate.ingress_flow_count", counts.Ingress));
            log.Attributes.Add(FlowAttributes.Number("hubble.aggregate.egress_flow_count", counts.Egress));
            log.Attributes.Add(FlowAttributes.Number("hubble.aggregate.unknown_direction_flow_count", counts.Unknown));
        }

        // A span is one request.
        if (counts.Ingress + counts.Egress + counts.Unknown <= 1 && FlowSpans.TryMake(in flow) is { } span)
        {
            log.SpanId = span.SpanId;
            _spans.Spans.Add(span);
        }
    }

    public void AddLost(LostEventSource source, ulong count, string node, long unixNanoseconds) => _logs.LogRecords.Add(new LogRecord
    {
        TimeUnixNano = (ulong)unixNanoseconds,
        ObservedTimeUnixNano = (ulong)unixNanoseconds,
        SeverityNumber = 13,
        SeverityText = "WARN",
        Body = new AnyValue { StringValue = "flows were lost" },
        Attributes = { FlowAttributes.Text("hubble.lost.source", Printing.ProtoNames.LostEventSource[(int)source]), FlowAttributes.Number("hubble.lost.count", (long)Math.Min(count, long.MaxValue)) },
    });

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        (ScopeLogs logs, ScopeSpans spans) = (_logs, _spans);
        (_logs, _spans) = (new ScopeLogs { Scope = _scope }, new ScopeSpans { Scope = _scope });
        if (logs.LogRecords.Count > 0)
        {
            await SendAsync(_logsAddress, new ExportLogsRequest { ResourceLogs = { new ResourceLogs { Resource = _resource, ScopeLogs = { logs } } } }, cancellation).ConfigureAwait(false);
        }

        if (spans.Spans.Count > 0)
        {
            await SendAsync(_tracesAddress, new ExportTraceRequest { ResourceSpans = { new ResourceSpans { Resource = _resource, ScopeSpans = { spans } } } }, cancellation).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task SendAsync(Uri address, IMessage message, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var content = new ByteArrayContent(message.ToByteArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-protobuf") } };
            using HttpResponseMessage response = await _http.PostAsync(address, content, both.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new ExportException(response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable ? "busy" : "refused", $"collector {address}: HTTP {(int)response.StatusCode}");
            }

            ExportResponse answer = ExportResponse.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false));
            if (answer.PartialSuccess is { Rejected: > 0 } partial)
            {
                throw new ExportException("refused", $"collector {address} refused {partial.Rejected} records: {partial.ErrorMessage}");
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // It said that all is well; the rest of its answer does not matter.
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ExportException("connection", $"collector {address}: {(failure is OperationCanceledException ? "no answer in time" : failure.Message)}", failure);
        }
    }
}
