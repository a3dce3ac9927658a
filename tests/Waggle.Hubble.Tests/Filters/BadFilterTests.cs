using System.Diagnostics;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Tests.Filters;

public sealed class BadFilterTests
{
    public static TheoryData<FlowFilter, string> Bad => new()
    {
        { new FlowFilter { SourceIp = { "10.0.0" + ".x" } }, "source_ip" },
        { new FlowFilter { DestinationIp = { "fd00::/129" } }, "destination_ip" },
        { new FlowFilter { SourceIpXlated = { "" } }, "source_ip_xlated" },
        { new FlowFilter { SourcePod = { "" } }, "source_pod" },
        { new FlowFilter { DestinationService = { "" } }, "destination_service" },
        { new FlowFilter { SourceFqdn = { "." } }, "source_fqdn" },
        { new FlowFilter { SourceLabel = { "a in (b" } }, "source_label" },
        { new FlowFilter { DestinationLabel = { "a b" } }, "destination_label" },
        { new FlowFilter { NodeLabels = { "=x" } }, "node_labels" },
        { new FlowFilter { NodeName = { "" } }, "node_name" },
        { new FlowFilter { NodeName = { "[" } }, "node_name" },
        { new FlowFilter { DestinationFqdn = { "*.a/b" } }, "destination_fqdn" },
        { new FlowFilter { DestinationPod = { "a/b/c" } }, "destination_pod" },
        { new FlowFilter { SourceWorkload = { new Workload { Kind = "Deployment", Name = "a/b" } } }, "source_workload" },
        { new FlowFilter { SourcePort = { "65536" } }, "source_port" },
        { new FlowFilter { DestinationPort = { "http" } }, "destination_port" },
        { new FlowFilter { Protocol = { "ipx" } }, "protocol" },
        { new FlowFilter { SourceWorkload = { new Workload() } }, "source_workload" },
        { new FlowFilter { DnsQuery = { "(" } }, "dns_query" },
        { new FlowFilter { DnsQuery = { "(?=a)" } }, "dns_query" },
        { new FlowFilter { DnsQuery = { "((a{100}){100}){100}" } }, "dns_query" },
        { new FlowFilter { HttpPath = { new string('a', 5000) } }, "http_path" },
        { new FlowFilter { HttpUrl = { "[" } }, "http_url" },
        { new FlowFilter { HttpStatusCode = { "6+" } }, "http_status_code" },
        { new FlowFilter { HttpStatusCode = { "4045" } }, "http_status_code" },
        { new FlowFilter { HttpMethod = { "GET" }, EventType = { new Waggle.Hubble.Protocol.Flows.EventTypeFilter { Type = 4 } } }, "http_method" },
        { new FlowFilter { Experimental = new FlowFilter.Types.Experimental { CelExpression = { "true", "_flow.verdct == 1" } } }, "experimental.cel_expression[1]: column 7" },
        { new FlowFilter { SourceIdentity = { Enumerable.Repeat(1u, 5000) } }, "source_identity" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Compile_OfNonsense_NamesTheField(FlowFilter filter, string field)
    {
        var e = Assert.Throws<RpcException>(() => FlowFilterSet.Compile([filter], []));
        Assert.Equal(RpcStatusCode.InvalidArgument, e.Code);
        Assert.StartsWith($"whitelist[0].{field}:", e.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_OfTooManyFilters_IsRefused() =>
        Assert.Throws<RpcException>(() => FlowFilterSet.Compile([.. Enumerable.Repeat(new FlowFilter(), 1000)], []));

    [Fact]
    public void Matches_APatternBuiltToExplode_IsLinear()
    {
        // Backtracking would need 2^100000 steps here; the time only has to be finite.
        var filters = FlowFilterSet.Compile([new FlowFilter { HttpUrl = { "^(a+)+$" } }], []);
        var flow = new FlowRecord { SourceEndpoint = EndpointInfo.None, DestinationEndpoint = EndpointInfo.None, Node = NodeInfo.None, L7 = new Layer7 { Http = new HTTP { Url = new string('a', 100_000) + "!" } } };
        var watch = Stopwatch.StartNew();
        Assert.False(filters.Matches(flow));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("app", "k8s:app=web", true)]
    [InlineData("app in (web, db)", "k8s:app=web", true)]
    [InlineData("app notin (web)", "k8s:app=web", false)]
    [InlineData("app notin (web)", "k8s:other=1", true)]
    [InlineData("app!=web", "k8s:app=web", false)]
    [InlineData("k8s:app==web", "k8s:app=web", true)]
    [InlineData("container:app=web", "k8s:app=web", false)]
    [InlineData("reserved:host", "reserved:host", true)]
    [InlineData("size>3", "k8s:size=4", true)]
    [InlineData("size<3", "k8s:size=4", false)]
    [InlineData("io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=a", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=a", true)]
    [InlineData("", "k8s:app=web", true)]
    public void LabelSelector_OfKubernetesSyntax_Matches(string selector, string label, bool expected) =>
        Assert.Equal(expected, LabelSelector.Parse(selector).Matches([label]));
}
