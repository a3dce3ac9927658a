using Waggle.Hosting.Metrics;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Tests.Support;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Metrics;

public sealed class MetricsFileTests
{
    [Fact]
    public async Task Parse_TheKnownFile_FiltersHold()
    {
        IReadOnlyList<MetricDefinition> definitions = MetricsFile.Parse(
            """
            metrics:
            - name: drop
              contextOptions:
              - name: sourceContext
                values: [pod, ip]
              includeFilters:
              - source_pod: ["default/cl"]
              excludeFilters:
              - destination_port: ["443"]
            - name: flow
            """);
        var metrics = new HubbleMetrics(new ManualTime());
        metrics.Configure(definitions);
        await metrics.OnFlowsAsync(new[] { Records.Drop(), Records.Drop() with { DestinationPort = 443 } }, TestContext.Current.CancellationToken);
        var writer = new MetricsWriter();
        metrics.Write(writer);
        Assert.Contains("hubble_drop_total{reason=\"POLICY_DENIED\",protocol=\"TCP\",source=\"default/client\"} 1\n", writer.ToString());
        Assert.Contains("hubble_flows_processed_total{protocol=\"TCP\",type=\"Drop\",subtype=\"\",verdict=\"DROPPED\"} 2\n", writer.ToString());
    }

    [Theory]
    [InlineData("metrics: 3")]
    [InlineData("metrics: [3]")]
    [InlineData("metrics: [{}]")]
    [InlineData("metrics: [{name: a}, {name: a}]")]
    [InlineData("metrics: [{name: a, includeFilters: [{x: 1}]}]")]
    [InlineData("metrics: [")]
    public void Parse_Mistakes_AreNamed(string yaml) => Assert.Throws<MetricsConfigException>(() => MetricsFile.Parse(yaml));

    [Fact]
    public void Configure_BadFilter_NamesTheField() => Assert.Contains(
        "metric \"drop\": includeFilters[0].source_ip",
        Assert.Throws<MetricsConfigException>(() => new HubbleMetrics(new ManualTime()).Configure(MetricsFile.Parse("metrics: [{name: drop, includeFilters: [{source_ip: [x]}]}]"))).Message);
}
