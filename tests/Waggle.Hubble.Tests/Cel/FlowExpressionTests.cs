using Waggle.Cel;
using Waggle.Hubble.Cel;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Cel;

/// <summary>What expressions say of flows; the language itself has its tests in Waggle.Cel.Tests.</summary>
public sealed class FlowExpressionTests
{
    [Theory]
    [InlineData("_flow.verdict == Verdict.DROPPED && _flow.verdict == flow.Verdict.DROPPED && _flow.verdict == 2 && .flow.Verdict.DROPPED == 2")]
    [InlineData("_flow.source.namespace == 'shop' && _flow.source.labels.exists(l, l == 'k8s:app=web') && 'k8s:app=web' in _flow.source.labels")]
    [InlineData("has(_flow.l4.TCP) && !has(_flow.l4.UDP) && _flow.l4.TCP.destination_port == 443u && _flow.l4.TCP.destination_port == uint(443)")]
    [InlineData("_flow.l4.UDP.destination_port == 0u && _flow.tunnel.l4.UDP.source_port == 0u && !has(_flow.tunnel) && Tunnel.Protocol.VXLAN == 1")]
    [InlineData("_flow.is_reply == null && !has(_flow.is_reply) && _flow.is_reply != true")]
    [InlineData("_flow.l4.TCP.flags.SYN && !_flow.l4.TCP.flags.ACK && has(_flow.l4.TCP.flags.SYN) && !has(_flow.l4.TCP.flags.ACK)")]
    [InlineData("_flow.source.workloads[0].kind == 'Deployment' && _flow.source.workloads.map(w, w.name) == ['web'] && _flow.destination.workloads == []")]
    [InlineData("_flow.time > timestamp('2026-01-01T00:00:00Z') && _flow.time.getFullYear() == 2026 && _flow.l7.http.code == 0u")]
    [InlineData("_flow.l4.TCP.destination_port in [80u, 443u] && _flow.IP.source.startsWith('10.') && _flow.source.identity >= 1000")]
    [InlineData("type(_flow) == flow.Flow && type(_flow.source) == Endpoint && _flow.l4 != null && _flow == _flow")]
    [InlineData("_flow.egress_denied_by.exists(p, p.name == 'no-web' && p.namespace == 'shop')")]
    [InlineData("_flow.drop_reason_desc in [DropReason.POLICY_DENIED, DropReason.POLICY_DENY]")]
    public void Evaluate_OfAFlow_IsTrue(string expression)
    {
        var result = Evaluate(expression);
        Assert.True(result.IsTrue, $"{expression}: {result}");
    }

    [Theory]
    [InlineData("_flow.source.labels[100] == ''", "index out of range")]
    [InlineData("_flow.source.pod_name.matches(_flow.source.pod_name + '(')", "matches")]
    public void Evaluate_OfWhatFails_IsAnError(string expression, string reason)
    {
        var result = Evaluate(expression);
        Assert.True(result.IsError, $"{expression}: {result}");
        Assert.StartsWith(reason, result.String, StringComparison.Ordinal);
    }

    private static CelValue Evaluate(string expression) =>
        CelProgram<FlowInput>.Compile(expression, new FlowEnvironment(shortcuts: false)).Evaluate(new FlowInput(default, Sample()));

    internal static Flow Sample()
    {
        var flow = new Flow
        {
            Time = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1795242605 },
            Verdict = Verdict.Dropped,
            DropReasonDesc = DropReason.PolicyDenied,
            IP = new IP { Source = "10.0.0.1", Destination = "10.0.0.2", IpVersion = IPVersion.Ipv4 },
            L4 = new Layer4 { TCP = new TCP { SourcePort = 40000, DestinationPort = 443, Flags = new TCPFlags { SYN = true } } },
            Source = new Endpoint { Namespace = "shop", PodName = "web-1", Identity = 1000, Labels = { "k8s:app=web", "k8s:tier=front" }, Workloads = { new Workload { Name = "web", Kind = "Deployment" } } },
            Destination = new Endpoint { Identity = 2 },
        };
        flow.EgressDeniedBy.Add(new Policy { Name = "no-web", Namespace = "shop" });
        return flow;
    }
}
