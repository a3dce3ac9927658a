using Waggle.Hosting.Metrics;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Tests.Support;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Metrics;

public sealed class HubbleMetricsTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Drop_CountsDroppedFlowsOnly()
    {
        string text = await CountAsync("drop", Records.Drop(), Records.Drop(), Records.Tcp(), Records.PolicyVerdict(Verdict.Dropped, 0));
        Assert.Contains("# TYPE hubble_drop_total counter\nhubble_drop_total{reason=\"POLICY_DENIED\",protocol=\"TCP\"} 2\n", text);
    }

    [Fact]
    public async Task Drop_ReasonOfOurs_HasItsName() =>
        Assert.Contains("hubble_drop_total{reason=\"MULTICAST_UNCONFIGURED\",protocol=\"TCP\"} 1\n", await CountAsync("drop", Records.Drop(231)));

    [Fact]
    public async Task Flow_TellsKindPlaceAndVerdict()
    {
        string text = await CountAsync("flow", Records.Tcp(), Records.Drop(), Records.PolicyVerdict(Verdict.Forwarded));
        Assert.Contains("hubble_flows_processed_total{protocol=\"TCP\",type=\"Trace\",subtype=\"to-endpoint\",verdict=\"FORWARDED\"} 1\n", text);
        Assert.Contains("hubble_flows_processed_total{protocol=\"TCP\",type=\"Drop\",subtype=\"\",verdict=\"DROPPED\"} 1\n", text);
        Assert.Contains("hubble_flows_processed_total{protocol=\"TCP\",type=\"PolicyVerdict\",subtype=\"\",verdict=\"FORWARDED\"} 1\n", text);
    }

    [Fact]
    public async Task Policy_TellsDirectionMatchAndAction()
    {
        FlowRecord fromHost = Records.PolicyVerdict(Verdict.Forwarded);
        fromHost.SourceIdentity = 1;
        string text = await CountAsync("policy", Records.PolicyVerdict(Verdict.Forwarded), Records.PolicyVerdict(Verdict.Dropped, 0), Records.PolicyVerdict(Verdict.Audit, 4), fromHost);
        Assert.Contains("hubble_policy_verdicts_total{direction=\"ingress\",match=\"l3-l4\",action=\"forwarded\"} 1\n", text);
        Assert.Contains("hubble_policy_verdicts_total{direction=\"ingress\",match=\"none\",action=\"dropped\"} 1\n", text);
        Assert.Contains("hubble_policy_verdicts_total{direction=\"ingress\",match=\"all\",action=\"audit\"} 1\n", text);
        Assert.Contains("hubble_metrics_series{metric=\"hubble_policy_verdicts_total\"} 3\n", text);
    }

    [Fact]
    public async Task Tcp_SynAckIsOneFlag()
    {
        FlowRecord answer = Records.Tcp();
        answer.TcpFlags = TcpFlagBits.Syn | TcpFlagBits.Ack;
        FlowRecord end = Records.Tcp();
        end.TcpFlags = TcpFlagBits.Fin | TcpFlagBits.Rst;
        string text = await CountAsync("tcp", Records.Tcp(), answer, end);
        foreach (string flag in new[] { "SYN", "SYN-ACK", "FIN", "RST" })
        {
            Assert.Contains($"hubble_tcp_flags_total{{flag=\"{flag}\",family=\"IPv4\"}} 1\n", text);
        }
    }

    [Fact]
    public async Task Icmp_NamesFamilyAndType()
    {
        FlowRecord four = Records.Tcp(), six = Records.Tcp();
        (four.Protocol, four.IcmpType, four.IcmpCode) = (IpProtocol.Icmp, 3, 3);
        (six.Protocol, six.IcmpType) = (IpProtocol.IcmpV6, 128);
        string text = await CountAsync("icmp", four, six);
        Assert.Contains("hubble_icmp_total{family=\"IPv4\",type=\"DestinationUnreachable(Port)\"} 1\n", text);
        Assert.Contains("hubble_icmp_total{family=\"IPv6\",type=\"EchoRequest\"} 1\n", text);
    }

    [Fact]
    public async Task PortDistribution_LeavesOutAnswersAndUncertainties()
    {
        FlowRecord answer = Records.Tcp(), unknown = Records.Tcp();
        answer.Reply = ReplyState.Yes;
        unknown.Reply = ReplyState.Unknown;
        string text = await CountAsync("port-distribution", Records.Tcp(), answer, unknown);
        Assert.Contains("hubble_port_distribution_total{protocol=\"TCP\",port=\"80\"} 1\n", text);
        Assert.Contains("hubble_metrics_series{metric=\"hubble_port_distribution_total\"} 1\n", text);
    }

    [Theory]
    [InlineData("flows-to-world", "hubble_flows_to_world_total{protocol=\"TCP\",verdict=\"FORWARDED\"} 1\n")]
    [InlineData("flows-to-world:port", "hubble_flows_to_world_total{protocol=\"TCP\",verdict=\"FORWARDED\",port=\"80\"} 1\n")]
    [InlineData("flows-to-world:any-drop;port", "hubble_flows_to_world_total{protocol=\"TCP\",verdict=\"DROPPED\",port=\"80\"} 1\n")]
    public async Task FlowsToWorld_OptionsHold(string configuration, string expected)
    {
        FlowRecord forwarded = Records.Tcp(), dropped = Records.Drop(169), inside = Records.Tcp();
        forwarded.DestinationEndpoint = dropped.DestinationEndpoint = Records.World;
        forwarded.DestinationIdentity = dropped.DestinationIdentity = 2;
        Assert.Contains(expected, await CountAsync(configuration, forwarded, dropped, inside));
    }

    [Fact]
    public async Task Dns_CountsQuestionsAnswersAndTypes()
    {
        string text = await CountAsync("dns:query;ignoreAAAA", Dns("A", response: false), Dns("A", response: true), Dns("AAAA", response: true));
        Assert.Contains("hubble_dns_queries_total{rcode=\"\",qtypes=\"A\",ips_returned=\"0\",query=\"example.org.\"} 1\n", text);
        Assert.Contains("hubble_dns_responses_total{rcode=\"Non-Existent Domain\",qtypes=\"A\",ips_returned=\"1\",query=\"example.org.\"} 1\n", text);
        Assert.Contains("hubble_dns_response_types_total{type=\"A\",qtypes=\"A\",query=\"example.org.\"} 1\n", text);
        Assert.DoesNotContain("AAAA", text);
    }

    [Fact]
    public async Task HttpV2_CountsAnswersForWhoAsked_WithExemplars()
    {
        FlowRecord answer = Http();
        HubbleMetrics metrics = Make("httpV2:exemplars=true;sourceContext=pod;destinationContext=pod");
        await metrics.OnFlowsAsync(new[] { answer }, TestContext.Current.CancellationToken);
        var writer = new MetricsWriter(openMetrics: true);
        metrics.Write(writer);
        string text = writer.End().ToString();
        Assert.Contains("# TYPE hubble_http_requests counter\n", text);
        Assert.Contains("hubble_http_requests_total{method=\"GET\",protocol=\"HTTP/1.1\",status=\"200\",reporter=\"server\",source=\"default/server\",destination=\"default/client\"} 1 # {traceID=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 1\n", text);
        Assert.Contains("hubble_http_request_duration_seconds_bucket{method=\"GET\",reporter=\"server\",source=\"default/server\",destination=\"default/client\",le=\"0.01\"} 1 # {traceID=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.0075\n", text);
        Assert.Contains("hubble_http_request_duration_seconds_count{method=\"GET\",reporter=\"server\",source=\"default/server\",destination=\"default/client\"} 1\n", text);
        Assert.EndsWith("# EOF\n", text);
    }

    [Theory]
    [InlineData("sourceContext=pod;destinationContext=pod-name", "source=\"default/client\",destination=\"server\"")]
    [InlineData("sourceContext=namespace;destinationContext=workload", "source=\"default\",destination=\"default/server-deploy\"")]
    [InlineData("sourceContext=dns|ip;destinationContext=workload-name", "source=\"10.0.1.5\",destination=\"server-deploy\"")]
    [InlineData("sourceContext=reserved-identity|app;destinationContext=identity", "source=\"client\",destination=\"k8s:app=server,k8s:io.kubernetes.pod.namespace=default\"")]
    [InlineData("sourceContext=pod;sourceIngressContext=ip", "source=\"10.0.1.5\"")]
    [InlineData("sourceContext=pod;sourceEgressContext=ip", "source=\"default/client\"")]
    [InlineData("labelsContext=traffic_direction,source_ip,destination_workload_kind,source_app,destination_pod", "source_ip=\"10.0.1.5\",source_app=\"client\",destination_pod=\"server\",destination_workload_kind=\"Deployment\",traffic_direction=\"ingress\"")]
    public async Task Context_NamesTheSides(string options, string labels) =>
        Assert.Contains($"hubble_drop_total{{reason=\"POLICY_DENIED\",protocol=\"TCP\",{labels}}} 1\n", await CountAsync("drop:" + options, Records.Drop()));

    [Fact]
    public async Task Limit_ExcessIsFoldedIntoOneVisibleSeries()
    {
        var metrics = new HubbleMetrics(_time, seriesLimit: 3);
        metrics.Configure(MetricsSyntax.Parse("port-distribution"));
        FlowRecord[] flows = [.. Enumerable.Range(1, 100).Select(port => Records.Tcp() with { DestinationPort = (ushort)port })];
        await metrics.OnFlowsAsync(flows, TestContext.Current.CancellationToken);
        string text = Print(metrics);
        Assert.Contains("hubble_port_distribution_total{protocol=\"__folded__\",port=\"__folded__\"} 97\n", text);
        Assert.Contains("hubble_metrics_folded_total{metric=\"hubble_port_distribution_total\"} 97\n", text);
        Assert.Contains("hubble_metrics_series{metric=\"hubble_port_distribution_total\"} 3\n", text);
    }

    [Theory]
    [InlineData("drop:sourceContext=pod")]
    [InlineData("drop:labelsContext=source_namespace,source_pod")]
    public async Task PodGone_ItsSeriesGoAMinuteLater(string configuration)
    {
        HubbleMetrics metrics = Make(configuration);
        FlowRecord other = Records.Drop();
        other.SourceEndpoint = Records.Pod("default", "other");
        await metrics.OnFlowsAsync(new[] { Records.Drop(), other }, TestContext.Current.CancellationToken);
        metrics.PodGone("default", "client");
        Assert.Contains("client", Print(metrics));
        _time.Advance(HubbleMetrics.Grace);
        string after = Print(metrics);
        Assert.DoesNotContain("client", after);
        Assert.Contains("other", after);
    }

    [Fact]
    public async Task Configure_UnchangedMetricKeepsItsSeries()
    {
        HubbleMetrics metrics = Make("drop tcp");
        await metrics.OnFlowsAsync(new[] { Records.Drop() }, TestContext.Current.CancellationToken);
        metrics.Configure(MetricsSyntax.Parse("flow drop"));
        Assert.Contains("hubble_drop_total{reason=\"POLICY_DENIED\",protocol=\"TCP\"} 1\n", Print(metrics));
        Assert.DoesNotContain("hubble_tcp_flags_total", Print(metrics));
    }

    [Fact]
    public async Task Labels_HostileValuesCannotForgeASeries()
    {
        FlowRecord evil = Records.Drop();
        evil.SourceNames = ["a\"} 1\nb\uffffc"];
        string text = await CountAsync("drop:sourceContext=dns;destinationContext=pod-name", evil);
        Assert.Contains("source=\"a\\\"} 1\\nb?c\",destination=\"server\"} 1\n", text);
    }

    [Fact]
    public async Task Process_KnownSeries_AllocatesNothing()
    {
        HubbleMetrics metrics = Make("drop:sourceContext=pod|ip;labelsContext=source_ip,destination_namespace flow:sourceContext=workload tcp policy icmp port-distribution flows-to-world multicast");
        FlowRecord[] flows = [Records.Tcp(), Records.Drop(), Records.PolicyVerdict(Verdict.Forwarded)];
        CancellationToken stop = TestContext.Current.CancellationToken;
        await metrics.OnFlowsAsync(flows, stop);

        // Counting never waits, so the thread stays the same.
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            await metrics.OnFlowsAsync(flows, stop);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 999);
    }

    [Theory]
    [InlineData("dorp", "there is no metric \"dorp\"; did you mean \"drop\"?")]
    [InlineData("drop:sourceContxt=pod", "metric \"drop\" has no option \"sourceContxt\"; did you mean \"sourceContext\"?")]
    [InlineData("drop:sourceContext=pood", "metric \"drop\": sourceContext cannot be \"pood\"; did you mean \"pod\"?")]
    [InlineData("drop:labelsContext=source_pdo", "metric \"drop\": labelsContext cannot be \"source_pdo\"; did you mean \"source_pod\"?")]
    [InlineData("http httpV2", "metrics \"http\" and \"httpV2\" cannot both be kept; httpV2 is the newer one")]
    public void Configure_Mistakes_NameTheNearest(string configuration, string message)
    {
        var metrics = new HubbleMetrics(_time);
        Assert.Equal(message, Assert.Throws<MetricsConfigException>(() => metrics.Configure(MetricsSyntax.Parse(configuration))).Message);
    }

    [Fact]
    public void Syntax_CommasAndBlanksSeparate()
    {
        IReadOnlyList<MetricDefinition> metrics = MetricsSyntax.Parse("drop,flow:sourceContext=pod|ip;labelsContext=source_ip,traffic_direction,tcp dns:query;ignoreAAAA");
        Assert.Equal(["drop", "flow", "tcp", "dns"], metrics.Select(m => m.Name));
        Assert.Equal(["pod", "ip"], metrics[1].Options[0].Values);
        Assert.Equal(["source_ip", "traffic_direction"], metrics[1].Options[1].Values);
        Assert.Throws<MetricsConfigException>(() => MetricsSyntax.Parse("drop drop"));
        Assert.Throws<MetricsConfigException>(() => MetricsSyntax.Parse(":x"));
    }

    private static FlowRecord Dns(string type, bool response)
    {
        FlowRecord flow = Records.Tcp();
        flow.EventType = FlowEventType.AccessLog;
        flow.Reply = response ? ReplyState.Yes : ReplyState.No;
        flow.L7 = new Layer7 { Type = response ? L7FlowType.Response : L7FlowType.Request, Dns = new DNS { Query = "example.org.", Qtypes = { type } } };
        if (response)
        {
            flow.L7.Dns.Ips.Add("192.0.2.1");
            flow.L7.Dns.Rrtypes.Add(type);
            flow.L7.Dns.Rcode = 3;
        }

        return flow;
    }

    private static FlowRecord Http()
    {
        FlowRecord flow = Records.Tcp();
        flow.EventType = FlowEventType.AccessLog;
        flow.Reply = ReplyState.Yes;
        flow.TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        flow.L7 = new Layer7 { Type = L7FlowType.Response, LatencyNs = 7_500_000, Http = new HTTP { Code = 200, Method = "GET", Protocol = "HTTP/1.1", Url = "http://server/x" } };
        return flow;
    }

    private HubbleMetrics Make(string configuration)
    {
        var metrics = new HubbleMetrics(_time);
        metrics.Configure(MetricsSyntax.Parse(configuration));
        return metrics;
    }

    private async Task<string> CountAsync(string configuration, params FlowRecord[] flows)
    {
        HubbleMetrics metrics = Make(configuration);
        await metrics.OnFlowsAsync(flows, TestContext.Current.CancellationToken);
        return Print(metrics);
    }

    private static string Print(HubbleMetrics metrics)
    {
        var writer = new MetricsWriter();
        metrics.Write(writer);
        return writer.End().ToString();
    }
}
