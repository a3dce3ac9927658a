using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Export;
using Waggle.Hubble.Export.Configuration;
using Waggle.Hubble.Export.Otlp;
using Waggle.Hubble.Export.Targets;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Otlp;
using Waggle.Hubble.Tests.Support;
using Waggle.Tests.Shared;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Hubble.Tests.Export;

public sealed class ExporterTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string File1 => Path.Combine(_folder, "flows.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task File_GetsWantedFlows_WithTheirFields()
    {
        await using (FlowExporter exporter = Make(new FlowLog("x", File1) { Include = FilterTexts.ParseAll("""{"verdict":["DROPPED"]}"""), FieldMask = ["verdict", "source.pod_name"] }))
        {
            await exporter.OnFlowsAsync(new[] { Records.Tcp(), Records.Drop(), Records.Drop() }, Stop);
            Assert.Equal((2, 1), (exporter.Statistics.Exported, exporter.Statistics.Filtered));
        }

        string[] lines = await File.ReadAllLinesAsync(File1, Stop);
        Assert.Equal(2, lines.Length);
        Assert.Equal("""{"flow":{"verdict":"DROPPED","source":{"pod_name":"client"}},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""", lines[0].Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_IsPutAsideWhenLarge_AndOldOnesGo(bool compress)
    {
        await using var target = new FileTarget(File1, new FileRotation(1000, 2, compress), _time);
        byte[] lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 99) + "\n", 35)));
        await target.WriteAsync(lines, Stop);
        _time.Advance(TimeSpan.FromSeconds(1));
        await target.WriteAsync(lines, Stop);
        Assert.True(new System.IO.FileInfo(File1).Length <= 1000);
        string[] backups = Directory.GetFiles(_folder, "flows-*");
        Assert.Equal(2, backups.Length);
        Assert.All(backups, backup =>
        {
            Assert.Equal(compress, backup.EndsWith(".gz", StringComparison.Ordinal));
            using Stream stream = compress ? new GZipStream(File.OpenRead(backup), CompressionMode.Decompress) : File.OpenRead(backup);
            string text = new StreamReader(stream).ReadToEnd();
            Assert.EndsWith("x\n", text);
            Assert.Equal(1000, text.Length);
        });
    }

    [Fact]
    public async Task File_RemovedByOthers_IsMadeAnew()
    {
        await using var target = new FileTarget(File1, new FileRotation(0, 0, false), _time);
        await target.WriteAsync("a\n"u8.ToArray(), Stop);
        File.Delete(File1);
        await target.WriteAsync("b\n"u8.ToArray(), Stop);
        Assert.Equal("b\n", await File.ReadAllTextAsync(File1, Stop));
    }

    [Fact]
    public async Task DiskFull_IsCountedAndResumes()
    {
        File.CreateSymbolicLink(File1, "/dev/full");
        await using FlowExporter exporter = Make(new FlowLog("x", File1));
        await exporter.OnFlowsAsync(new[] { Records.Tcp(), Records.Tcp() }, Stop);
        Assert.Equal((0L, 2L, "disk_full"), (exporter.Statistics.Exported, exporter.Statistics.Failed, exporter.Statistics.Problem));
        File.Delete(File1);
        await exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop);
        Assert.Equal((1L, 2L, null), (exporter.Statistics.Exported, exporter.Statistics.Failed, exporter.Statistics.Problem));
        Assert.Single(await File.ReadAllLinesAsync(File1, Stop), line => line.Length > 0);
    }

    [Fact]
    public async Task End_NoFlowsAfterIt()
    {
        await using FlowExporter exporter = Make(new FlowLog("x", File1) { End = _time.GetUtcNow().AddMinutes(1) });
        await exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop);
        _time.Advance(TimeSpan.FromMinutes(1));
        await exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop);
        Assert.False(exporter.Active);
        Assert.Equal(1, exporter.Statistics.Exported);
    }

    [Fact]
    public async Task Losses_AreCountedAndTold()
    {
        await using (FlowExporter exporter = Make(new FlowLog("x", File1)))
        {
            await exporter.OnLostAsync(LostEventSource.HubbleRingBuffer, 7, Stop);
            Assert.Equal(7, exporter.Statistics.Lost);
        }

        Assert.Contains("\"num_events_lost\":\"7\"", await File.ReadAllTextAsync(File1, Stop));
    }

    [Fact]
    public void Aggregation_Connection_TellsEachOutcomeOnceInAnInterval()
    {
        var aggregation = new FlowAggregation(AggregationLevel.Connection, TimeSpan.FromSeconds(30));
        FlowRecord syn = Records.Tcp(), data = syn with { TcpFlags = TcpFlagBits.Ack }, answer = data, drop = Records.Drop();
        (answer.Source, answer.Destination, answer.SourcePort, answer.DestinationPort) = (data.Destination, data.Source, data.DestinationPort, data.SourcePort);
        Assert.True(aggregation.IsNews(in syn));
        Assert.False(aggregation.IsNews(in syn));
        Assert.True(aggregation.IsNews(in data));
        Assert.False(aggregation.IsNews(in answer));
        Assert.True(aggregation.IsNews(in drop));
        data.TimeNs += 30_000_000_000;
        Assert.True(aggregation.IsNews(in data));
    }

    [Fact]
    public void Aggregation_Identity_JoinsThePodsOfAWorkload()
    {
        var aggregation = new FlowAggregation(AggregationLevel.Identity, TimeSpan.FromSeconds(30));
        FlowRecord first = Records.Tcp(), second = first;
        (second.Source, second.SourcePort) = (Records.Address("10.0.1.6"), 5);
        Assert.True(aggregation.IsNews(in first));
        Assert.False(aggregation.IsNews(in second));
        second.DestinationPort = 443;
        Assert.True(aggregation.IsNews(in second));
    }

    [Fact]
    public async Task FieldAggregate_EqualFlowsAreOneLineAnInterval_WithTheirNumbers()
    {
        FlowExporter exporter = Make(new FlowLog("x", File1) { FieldAggregate = ["source.pod_name", "destination.pod_name", "verdict", "l4.TCP.destination_port"], FieldMask = ["verdict"], AggregationInterval = TimeSpan.FromSeconds(30) });
        FlowRecord egress = Records.Tcp() with { Direction = TrafficDirection.Egress }, ingress = egress with { Direction = TrafficDirection.Ingress, SourcePort = 9 }, unknown = egress with { Direction = TrafficDirection.Unknown };
        FlowRecord other = egress with { DestinationPort = 443 };
        await exporter.OnFlowsAsync(new[] { egress, egress, ingress, unknown, other, Records.Drop() with { Direction = TrafficDirection.Ingress } }, Stop);
        Assert.Equal((0L, 3L), (exporter.Statistics.Exported, exporter.Statistics.Aggregated));
        Assert.False(File.Exists(File1));
        _time.Advance(TimeSpan.FromSeconds(30));
        await LinesAsync(3);
        Assert.Equal(3, exporter.Statistics.Exported);

        // A new interval begins with nothing; the end does not wait for its own.
        await exporter.OnFlowsAsync(new[] { ingress }, Stop);
        await exporter.DisposeAsync();
        Assert.Equal(
            [
                """{"flow":{"verdict":"FORWARDED","aggregate":{"ingress_flow_count":1,"egress_flow_count":2,"unknown_direction_flow_count":1}},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""",
                """{"flow":{"verdict":"FORWARDED","aggregate":{"egress_flow_count":1}},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""",
                """{"flow":{"verdict":"DROPPED","aggregate":{"ingress_flow_count":1}},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""",
                """{"flow":{"verdict":"FORWARDED","aggregate":{"ingress_flow_count":1}},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""",
            ],
            (await LinesAsync(4)).Select(line => line.Replace(" ", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task FieldAggregate_WithoutAMask_TheFirstFlowIsToldWhole()
    {
        await using (FlowExporter exporter = Make(new FlowLog("x", File1) { FieldAggregate = ["verdict"] }))
        {
            await exporter.OnFlowsAsync(new[] { Records.Tcp() with { SourcePort = 7 }, Records.Tcp() with { SourcePort = 8 } }, Stop);
        }

        using JsonDocument line = JsonDocument.Parse(Assert.Single(await LinesAsync(1)));
        ExportEvent told = new JsonParser(JsonParser.Settings.Default).Parse<ExportEvent>(line.RootElement.GetRawText());
        Assert.Equal(7u, told.Flow.L4.TCP.SourcePort);
        Assert.Equal("client", told.Flow.Source.PodName);
        Assert.Equal(2u, told.Flow.Aggregate.IngressFlowCount + told.Flow.Aggregate.EgressFlowCount + told.Flow.Aggregate.UnknownDirectionFlowCount);
    }

    [Fact]
    public async Task FieldAggregate_TooManyGroups_AreHandedOverEarly_AndNoneIsLost()
    {
        FlowExporter exporter = Make(new FlowLog("x", File1) { FieldAggregate = ["l4.TCP.source_port", "l4.TCP.destination_port"], FieldMask = ["verdict"], AggregationInterval = TimeSpan.FromDays(1) });
        FlowRecord[] flows = [.. Enumerable.Range(0, 20_000).Select(i => Records.Tcp() with { SourcePort = (ushort)i })];
        await exporter.OnFlowsAsync(flows, Stop);
        Assert.InRange(exporter.Statistics.Exported, 1, 19_999);
        await exporter.DisposeAsync();
        Assert.Equal(20_000, exporter.Statistics.Exported);
        Assert.Equal(20_000, (await LinesAsync(20_000)).Length);
    }

    [Fact]
    public async Task FieldAggregate_TargetThatFails_IsCounted_AndTheNextIntervalIsTold()
    {
        File.CreateSymbolicLink(File1, "/dev/full");
        await using FlowExporter exporter = Make(new FlowLog("x", File1) { FieldAggregate = ["verdict"], AggregationInterval = TimeSpan.FromSeconds(1) });
        await exporter.OnFlowsAsync(new[] { Records.Tcp(), Records.Tcp() }, Stop);
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => exporter.Statistics.Failed == 1);
        File.Delete(File1);
        await exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop);
        for (int i = 0; exporter.Statistics.Exported == 0; i++)
        {
            // The exporter may not wait yet.
            Assert.True(i < 6000);
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, Stop);
        }

        Assert.Equal((1L, 1L, 1L), (exporter.Statistics.Exported, exporter.Statistics.Failed, exporter.Statistics.Aggregated));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Syslog_MessagesAreFramedAndReconnect(bool tls)
    {
        using var pki = new TestPki();
        using X509Certificate2 certificate = pki.Issue("localhost");
        string authority = Path.Combine(_folder, "ca.pem");
        await File.WriteAllTextAsync(authority, pki.Pem, Stop);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var target = new SyslogTarget(new SyslogServer("localhost", ((IPEndPoint)listener.LocalEndpoint).Port, tls, tls ? authority : null), "kind worker", TimeProvider.System);
        for (int i = 0; i < 2; i++)
        {
            Task<string> received = ReceiveAsync(listener, tls ? certificate : null, 2);
            await target.WriteAsync(Encoding.UTF8.GetBytes($"{{\"n\":{i}}}\n{{\"é\":1}}\n"), Stop);
            string text = await received.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            Assert.Matches($$"""^<134>1 \d{4}-\d\d-\d\dT[\d:.]+Z kindworker hubble \d+ flow - \{"n":{{i}}\}\n<134>1 .* flow - \{"é":1\}\n$""", text);

            // The server went away: the next batch fails, or the one after, and then it connects again.
            await RetryUntilBrokenAsync(target);
        }
    }

    [Fact]
    public async Task Syslog_NobodyThere_IsAnExportFailure()
    {
        await using var target = new SyslogTarget(new SyslogServer("127.0.0.1", 1, false), "n", TimeProvider.System);
        ExportException failure = await Assert.ThrowsAsync<ExportException>(async () => await target.WriteAsync("x\n"u8.ToArray(), Stop));
        Assert.Equal("connection", failure.Reason);
    }

    [Fact]
    public async Task Otlp_FlowIsALogRecord_AnswerIsASpanOfItsTrace()
    {
        var collector = new Collector();
        await using var sink = new OtlpSink(new Uri("http://collector:4318"), "kind", "kind-worker", _time, collector);
        FlowRecord http = Records.Tcp();
        http.EventType = FlowEventType.AccessLog;
        http.TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        http.L7 = new Layer7 { Type = L7FlowType.Response, LatencyNs = 5, Http = new HTTP { Code = 503, Method = "GET", Url = "http://x/" } };
        sink.Add(in http);
        FlowRecord drop = Records.Drop();
        sink.Add(in drop);
        await sink.FlushAsync(Stop);
        ExportLogsRequest logs = ExportLogsRequest.Parser.ParseFrom(collector.Bodies["/v1/logs"]);
        Assert.Equal(["INFO", "WARN"], logs.ResourceLogs[0].ScopeLogs[0].LogRecords.Select(record => record.SeverityText));
        Assert.StartsWith("{\"flow\":{", logs.ResourceLogs[0].ScopeLogs[0].LogRecords[1].Body.StringValue);
        Assert.Contains(logs.ResourceLogs[0].Resource.Attributes, a => a is { Key: "k8s.node.name", Value.StringValue: "kind-worker" });
        Span span = ExportTraceRequest.Parser.ParseFrom(collector.Bodies["/v1/traces"]).ResourceSpans[0].ScopeSpans[0].Spans.Single();
        Assert.Equal(("GET", 2, 2, (ulong)http.TimeNs - 5, (ulong)http.TimeNs), (span.Name, span.Kind, span.Status.Code, span.StartTimeUnixNano, span.EndTimeUnixNano));
        Assert.Equal("4BF92F3577B34DA6A3CE929D0E0E4736", Convert.ToHexString(span.TraceId.Span));
        Assert.Equal(span.SpanId, logs.ResourceLogs[0].ScopeLogs[0].LogRecords[0].SpanId);

        collector.Status = HttpStatusCode.ServiceUnavailable;
        sink.Add(in drop);
        Assert.Equal("busy", (await Assert.ThrowsAsync<ExportException>(async () => await sink.FlushAsync(Stop))).Reason);
    }

    [Fact]
    public async Task Otlp_JoinedFlows_AreOneRecordWithTheirNumbers_AndNoSpan()
    {
        var collector = new Collector();
        await using var sink = new OtlpSink(new Uri("http://collector:4318"), "kind", "kind-worker", _time, collector);
        FlowRecord http = Records.Tcp() with { EventType = FlowEventType.AccessLog, L7 = new Layer7 { Type = L7FlowType.Response, Http = new HTTP { Code = 200, Method = "GET" } } };
        sink.Add(in http, new FlowCounts(2, 1, 0));
        await sink.FlushAsync(Stop);
        LogRecord record = ExportLogsRequest.Parser.ParseFrom(collector.Bodies["/v1/logs"]).ResourceLogs[0].ScopeLogs[0].LogRecords.Single();
        Assert.Contains(record.Attributes, a => a is { Key: "hubble.aggregate.ingress_flow_count", Value.IntValue: 2 });
        Assert.Contains("\"aggregate\":{\"ingress_flow_count\":2,\"egress_flow_count\":1}", record.Body.StringValue);
        Assert.DoesNotContain("/v1/traces", collector.Bodies.Keys);
    }

    [Fact]
    public async Task Otlp_RequestWithATraceHeader_IsAChildOfTheSpanThatMadeIt()
    {
        var collector = new Collector();
        await using var sink = new OtlpSink(new Uri("http://collector:4318"), "kind", "kind-worker", _time, collector);
        FlowRecord http = Records.Tcp() with { EventType = FlowEventType.AccessLog, TraceId = "4bf92f3577b34da6a3ce929d0e0e4736" };
        http.L7 = new Layer7 { Type = L7FlowType.Response, Http = new HTTP { Code = 200, Headers = { new HTTPHeader { Key = "traceparent", Value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" } } } };
        sink.Add(in http);
        await sink.FlushAsync(Stop);
        Span span = ExportTraceRequest.Parser.ParseFrom(collector.Bodies["/v1/traces"]).ResourceSpans[0].ScopeSpans[0].Spans.Single();
        Assert.Equal(("4BF92F3577B34DA6A3CE929D0E0E4736", "00F067AA0BA902B7"), (Convert.ToHexString(span.TraceId.Span), Convert.ToHexString(span.ParentSpanId.Span)));
    }

    [Theory]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7", "TraceParent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7", "traceparent: cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")]
    [InlineData("000000000000000000f067aa0ba902b7 0000000000000001", "b3: 00f067aa0ba902b7-0000000000000001-1-0000000000000002")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736 ", "X-B3-TraceId: 4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7", "X-B3-TraceId: 4bf92f3577b34da6a3ce929d0e0e4736", "X-B3-SpanId: 00f067aa0ba902b7")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7", "b3: 00000000000000010000000000000001-0000000000000001", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("", "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
    [InlineData("", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")]
    [InlineData("", "traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01")]
    [InlineData("", "traceparent: 00-xbf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("", "traceparent: HUBBLE_REDACTED", "b3: 0", "X-B3-TraceId: 1")]
    public void TraceHeaders_AreRead_OrTakenForNone(string expected, params string[] headers)
    {
        var http = new HTTP();
        http.Headers.Add(headers.Select(h => h.Split(": ")).Select(h => new HTTPHeader { Key = h[0], Value = h[1] }));
        Assert.Equal(expected, TraceHeaders.Find(http) is (var trace, var span) ? $"{trace} {span}" : "");
    }

    [Fact]
    public async Task Otlp_CollectorThatNeverAnswers_IsGivenUp_AndAskedAgain()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using FlowExporter exporter = Make(new FlowLog("x", $"otlp+http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        for (int i = 1; i <= 2; i++)
        {
            Task export = exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop).AsTask();
            using Socket silent = await listener.AcceptSocketAsync(Stop);
            await silent.ReceiveAsync(new byte[1], Stop); // it has the request, and says nothing
            _time.Advance(TimeSpan.FromSeconds(10));
            await export.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            Assert.Equal((0L, i, "connection"), (exporter.Statistics.Exported, (int)exporter.Statistics.Failed, exporter.Statistics.Problem));
        }

        Task answered = exporter.OnFlowsAsync(new[] { Records.Tcp() }, Stop).AsTask();
        using (Socket socket = await listener.AcceptSocketAsync(Stop))
        {
            await socket.ReceiveAsync(new byte[1], Stop);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Stop);
            await answered.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        }

        Assert.Equal((1L, 2L, null), (exporter.Statistics.Exported, exporter.Statistics.Failed, exporter.Statistics.Problem));
    }

    [Fact]
    public async Task Syslog_ServerThatStopsReading_IsGivenUp_AndAskedAgain()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Server.ReceiveBufferSize = 4096;
        listener.Start();
        await using var target = new SyslogTarget(new SyslogServer("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, false), "n", _time);
        byte[] lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 1000)));
        Task<ExportException> failing = Assert.ThrowsAsync<ExportException>(async () =>
        {
            while (true)
            {
                await target.WriteAsync(lines, Stop); // until no buffer of the connection has room
            }
        });
        using Socket silent = await listener.AcceptSocketAsync(Stop);
        while (!failing.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(100, Stop);
        }

        Assert.Equal("connection", (await failing).Reason);
        Task<string> received = ReceiveAsync(listener, null, 1);
        await target.WriteAsync("back\n"u8.ToArray(), Stop);
        Assert.EndsWith(" flow - back\n", await received.WaitAsync(TimeSpan.FromSeconds(60), Stop));
    }

    [Fact]
    public void Otlp_BothDirectionsShareATrace()
    {
        FlowRecord there = Records.Tcp(), back = there;
        (back.Source, back.Destination, back.SourcePort, back.DestinationPort, back.SourceIdentity, back.DestinationIdentity) = (there.Destination, there.Source, there.DestinationPort, there.SourcePort, there.DestinationIdentity, there.SourceIdentity);
        Assert.Equal(FlowSpans.TraceId(in there), FlowSpans.TraceId(in back));
        there.TraceId = "zz" + new string('0', 30);
        Assert.Equal(16, FlowSpans.TraceId(in there).Length);
    }

    private async Task<string[]> LinesAsync(int count)
    {
        string[] lines = [];
        await UntilAsync(() => File.Exists(File1) && (lines = File.ReadAllLines(File1)).Length >= count);
        return lines;
    }

    private FlowExporter Make(FlowLog log) => new ExporterFactory("kind", "kind-worker", new FileRotation(10 << 20, 5, false), _time, NullLoggerFactory.Instance).Make(log);

    private static async Task RetryUntilBrokenAsync(SyslogTarget target)
    {
        for (int i = 0; i < 1000; i++)
        {
            try
            {
                await target.WriteAsync("again\n"u8.ToArray(), Stop);
                await Task.Delay(10, Stop);
            }
            catch (ExportException)
            {
                return;
            }
        }

        Assert.Fail("a closed connection was never noticed");
    }

    private static async Task<string> ReceiveAsync(TcpListener listener, X509Certificate2? certificate, int messages)
    {
        using Socket socket = await listener.AcceptSocketAsync(Stop);
        await using var plain = new NetworkStream(socket);
        Stream stream = plain;
        if (certificate is not null)
        {
            var tls = new SslStream(plain);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, Stop);
            stream = tls;
        }

        var text = new StringBuilder();
        for (int i = 0; i < messages; i++)
        {
            int length = 0;
            for (int c = stream.ReadByte(); c != ' '; c = stream.ReadByte())
            {
                length = length * 10 + c - '0';
            }

            byte[] message = new byte[length];
            await stream.ReadExactlyAsync(message, Stop);
            text.Append(Encoding.UTF8.GetString(message)).Append('\n');
        }

        return text.ToString();
    }

    private sealed class Collector : HttpMessageHandler
    {
        public Dictionary<string, byte[]> Bodies { get; } = [];

        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Bodies[request.RequestUri!.AbsolutePath] = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            return new HttpResponseMessage(Status) { Content = new ByteArrayContent([]) };
        }
    }
}
