using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export;
using Waggle.Hubble.Export.Configuration;
using Waggle.Hubble.Export.Targets;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Tests.Support;

namespace Waggle.Hubble.Tests.Export;

public sealed class FlowLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Parse_TheKnownFile()
    {
        FlowLog log = Assert.Single(FlowLogFile.Parse(
            """
            flowLogs:
            - name: "test"
              filePath: "/var/log/test.log"
              fieldMask: ["source.namespace", "verdict"]
              fieldAggregate: ["source.namespace"]
              aggregationInterval: 1m30s
              includeFilters:
              - source_pod: ["default/"]
                event_type:
                - type: 1
              - destination_pod: ["frontend/nginx"]
              excludeFilters: []
              end: "2023-10-09T23:59:59-07:00"
              aggregation: connection
            """));
        Assert.Equal(("test", "/var/log/test.log", AggregationLevel.Connection), (log.Name, log.FilePath, log.Aggregation));
        Assert.Equal(["source.namespace"], log.FieldAggregate);
        Assert.Equal(TimeSpan.FromSeconds(90), log.AggregationInterval);
        Assert.Equal(1, log.Include[0].EventType[0].Type);
        Assert.Equal(new DateTimeOffset(2023, 10, 10, 6, 59, 59, TimeSpan.Zero), log.End);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("flowLogs: []", 0)]
    public void Parse_NothingInIt(string yaml, int count) => Assert.Equal(count, FlowLogFile.Parse(yaml).Count);

    [Theory]
    [InlineData("flowLogs: 3", "flowLogs must be a list")]
    [InlineData("flowLogs: [3]", "flowLogs[0] must be a mapping")]
    [InlineData("flowLogs: [{filePath: /a}]", "flowLogs[0].name is missing")]
    [InlineData("flowLogs: [{name: a}]", "flowLogs[0].filePath is missing")]
    [InlineData("flowLogs: [{name: a, filePath: /a}, {name: a, filePath: /b}]", "\"a\" stands twice")]
    [InlineData("flowLogs: [{name: a, filePath: /a}, {name: b, filePath: /a}]", "\"/a\" is \"a\"'s already")]
    [InlineData("flowLogs: [{name: a, filePath: /a, includeFilter: []}]", "did you mean \"includeFilters\"?")]
    [InlineData("flowLogs: [{name: a, filePath: /a, includeFilters: [{source_pdo: []}]}]", "flowLog \"a\": includeFilters")]
    [InlineData("flowLogs: [{name: a, filePath: /a, end: soon}]", "end \"soon\" is no time")]
    [InlineData("flowLogs: [{name: a, filePath: /a, aggregation: all}]", "aggregation \"all\"")]
    [InlineData("flowLogs: [{name: a, filePath: /a, fieldAggregate: verdict}]", "fieldAggregate must be a list")]
    [InlineData("flowLogs: [{name: a, filePath: /a, fieldAggregate: [verdict], aggregationInterval: -1s}]", "aggregationInterval \"-1s\"")]
    [InlineData("a: [", "no YAML mapping")]
    public void Parse_Mistakes_AreNamed(string yaml, string message) => Assert.Contains(message, Assert.Throws<FlowLogException>(() => FlowLogFile.Parse(yaml)).Message);

    [Theory]
    [InlineData("relative.log", "whole path")]
    [InlineData("ftp://x", "scheme \"ftp\"")]
    [InlineData("otlp+http://", "is no address")]
    public void Make_BadTarget_IsNamed(string path, string message) =>
        Assert.Contains(message, Assert.Throws<FlowLogException>(() => Factory().Make(new FlowLog("a", path))).Message);

    [Fact]
    public void Make_BadFilterOrField_IsNamed()
    {
        Assert.Contains("includeFilters[0].source_ip", Assert.Throws<FlowLogException>(() => Factory().Make(new FlowLog("a", "/a") { Include = [new FlowFilter { SourceIp = { "x" } }] })).Message);
        Assert.Contains("\"source.pod\"", Assert.Throws<FlowLogException>(() => Factory().Make(new FlowLog("a", "/a") { FieldMask = ["source.pod"] })).Message);
    }

    [Fact]
    public async Task Reload_ChangesOnlyWhatChanged_ABadFileNothing()
    {
        var source = new Source();
        await using var set = new ExporterSet(Factory(), source, TimeProvider.System, NullLogger<ExporterSet>.Instance);
        set.AddStatic(new FlowLog("static", Path.Combine(_folder, "static.log")));
        string config = Path.Combine(_folder, "flowlogs.yaml");
        Assert.False(await set.ReloadAsync(config));
        await File.WriteAllTextAsync(config, $"flowLogs: [{{name: a, filePath: {_folder}/a}}, {{name: b, filePath: {_folder}/b}}]", TestContext.Current.CancellationToken);
        Assert.True(await set.ReloadAsync(config));
        FlowExporter a = source.Find("export:a");
        await File.WriteAllTextAsync(config, $"flowLogs: [{{name: a, filePath: {_folder}/a}}, {{name: b, filePath: {_folder}/c}}, {{name: d, filePath: stdout}}]", TestContext.Current.CancellationToken);
        Assert.True(await set.ReloadAsync(config));
        Assert.Same(a, source.Find("export:a"));
        Assert.Equal(["export:a", "export:b", "export:d", "export:static"], source.Names);
        await File.WriteAllTextAsync(config, "flowLogs: [{name: static, filePath: /x}]", TestContext.Current.CancellationToken);
        Assert.False(await set.ReloadAsync(config));
        Assert.Equal(["export:a", "export:b", "export:d", "export:static"], source.Names);
        await File.WriteAllTextAsync(config, "flowLogs: []", TestContext.Current.CancellationToken);
        Assert.True(await set.ReloadAsync(config));
        Assert.Equal(["export:static"], source.Names);
        var writer = new MetricsWriter();
        set.Write(writer);
        foreach (string sample in new[] { "op=\"add\"} 3", "op=\"update\"} 1", "op=\"remove\"} 3", "op=\"failure\"} 2" })
        {
            Assert.Contains("hubble_dynamic_exporter_reconfigurations_total{" + sample + "\n", writer.ToString());
        }

        Assert.Contains("hubble_exporter_flows_total{name=\"static\",outcome=\"exported\"} 0\n", writer.ToString());
    }

    [Theory]
    [InlineData("http://user:secret@host/p?token=1#f", "http://user:HUBBLE_REDACTED@host/p")]
    [InlineData("http://user@host/p", "http://user@host/p")]
    [InlineData("/p?x=http://a:b@c", "/p")]
    [InlineData("//a:b@c@d/e@f:g", "//a:HUBBLE_REDACTED@d/e@f:g")]
    [InlineData("", "")]
    [InlineData("http://", "http://")]
    public void Redactor_Urls(string url, string expected) => Assert.Equal(expected, new Redactor(new RedactOptions(UrlQuery: true)).Url(url));

    [Theory]
    [InlineData(null, null, "HUBBLE_REDACTED", "HUBBLE_REDACTED")]
    [InlineData("x-trace", null, "HUBBLE_REDACTED", "2")]
    [InlineData(null, "authorization", "HUBBLE_REDACTED", "2")]
    public void Redactor_Headers(string? allow, string? deny, string authorization, string trace)
    {
        var record = new Layer7 { Http = new HTTP { Url = "http://a:b@c/?q", Headers = { new HTTPHeader { Key = "Authorization", Value = "1" }, new HTTPHeader { Key = "X-Trace", Value = "2" } } } };
        new Redactor(new RedactOptions(AllowHeaders: allow is null ? null : [allow], DenyHeaders: deny is null ? null : [deny])).Apply(record);
        Assert.Equal([authorization, trace], record.Http.Headers.Select(header => header.Value));
        Assert.Equal("http://a:HUBBLE_REDACTED@c/?q", record.Http.Url);
    }

    [Theory]
    [InlineData(false, "key")]
    [InlineData(true, Redactor.Mark)]
    public void Redactor_KafkaKeys(bool redact, string expected)
    {
        var record = new Layer7 { Kafka = new Kafka { ApiKey = "key", Topic = "topic" } };
        Layer7 redacted = new Redactor(new RedactOptions(KafkaApiKey: redact)).Redacted(record);
        Assert.Equal((expected, "topic", "key"), (redacted.Kafka.ApiKey, redacted.Kafka.Topic, record.Kafka.ApiKey));
    }

    private static ExporterFactory Factory() => new("kind", "n", new FileRotation(10 << 20, 5, false), TimeProvider.System, NullLoggerFactory.Instance);

    private sealed class Source : IFlowSource
    {
        private readonly List<IFlowConsumer> _consumers = [];

        public IEnumerable<string> Names => _consumers.Select(consumer => consumer.Name).Order(StringComparer.Ordinal);

        public FlowExporter Find(string name) => (FlowExporter)_consumers.Single(consumer => consumer.Name == name);

        public IFlowSubscription Subscribe(IFlowConsumer consumer, int queueCapacity = 16384)
        {
            _consumers.Add(consumer);
            return new Subscription(() => _consumers.Remove(consumer));
        }
    }

    private sealed class Subscription(Action leave) : IFlowSubscription
    {
        public ulong Delivered => 0;

        public ulong Lost => 0;

        public ValueTask DisposeAsync()
        {
            leave();
            return ValueTask.CompletedTask;
        }
    }
}
