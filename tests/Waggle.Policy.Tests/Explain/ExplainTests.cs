using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Explain;

public sealed class ExplainTests
{
    private const string Allow = """{"endpointSelector":{"matchLabels":{"app":"a"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"c"}}]},{"fromEndpoints":[{"matchLabels":{"app":"b"}}],"toPorts":[{"ports":[{"port":"80","protocol":"TCP"}]}]}]}""";

    [Fact]
    public void Explain_OfAnAllowedConnection_NamesTheSectionThatDecides()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(Allow));
        engine.Commit();
        Explanation found = new PolicyExplainer(engine).Explain(1001, 2, 1000, 1, 6, 80);
        Assert.True(found.IsAllowed);
        ExplanationStep decisive = Assert.Single(found.Steps, s => s.Decides && s.Direction == Direction.Ingress);
        Assert.Equal("/spec/ingress/1", decisive.Place!.Pointer);
        Assert.Contains(found.Steps, s => s.Text.EndsWith("/spec/ingress/0: does not name the peer", StringComparison.Ordinal));
        Assert.Contains(found.Steps, s => s.Direction == Direction.Egress && s.Decides && s.Text.Contains("no policy restricts the egress", StringComparison.Ordinal));
    }

    [Fact]
    public void Explain_OfADeniedConnection_NamesWhoTurnedDefaultDenyOn()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(Allow));
        engine.Commit();
        Explanation found = new PolicyExplainer(engine).Explain(1001, 2, 1000, 1, 6, 443);
        Assert.False(found.IsAllowed);
        Assert.Contains(found.Steps, s => s.Decides && s.Place?.Pointer == "/spec" && s.Text.Contains("default deny", StringComparison.Ordinal));
        Assert.Contains(found.Steps, s => s.Text.Contains("names the peer, but not 443/TCP (it names 80/TCP)", StringComparison.Ordinal));
    }

    [Fact]
    public void Explain_WithAPolicyOnTrial_SaysWhatItWouldDo()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(Allow, "p", """{"policy.waggle.io/mode":"audit"}"""));
        engine.Commit();
        Explanation found = new PolicyExplainer(engine).Explain(1001, null, 1000, 1, 17, 53);
        Assert.True(found.IsAllowed);
        Assert.False(found.IsAllowedWithTrials);
        Assert.Contains(found.Steps, s => s.Text == "with the policies on trial it would be denied");
    }

    [Fact]
    public void Diff_OfAPolicy_ListsPairsAndPorts()
    {
        PolicyEngine before = Policies.Engine(new PolicyEngineOptions(), "a", "b", "c"), after = Policies.Engine(new PolicyEngineOptions(), "a", "b", "c");
        after.UpsertPolicy(Policies.Cilium(Allow));
        before.Commit();
        after.Commit();
        DiffEndpoint[] endpoints = [new(1000, 1, "a"), new(1001, 2, "b"), new(1002, 3, "c"), new(9, null, "world")];
        var differences = PolicyDiff.Compare(before, after, endpoints).ToDictionary(d => $"{d.Source.Name}>{d.Destination.Name}");
        Assert.Equal(["b>a", "world>a"], differences.Keys.Order());
        Assert.Empty(differences["b>a"].Allowed);
        Assert.Equal("other protocols,ICMP,0-79/TCP,81-65535/TCP,UDP,ICMPv6,SCTP", string.Join(',', differences["b>a"].Cut));
        var back = PolicyDiff.Compare(after, before, endpoints).ToDictionary(d => $"{d.Source.Name}>{d.Destination.Name}");
        Assert.Equal(differences["b>a"].Cut.AsEnumerable(), back["b>a"].Allowed);
    }

    [Theory]
    [InlineData("selects-nothing", """{"endpointSelector":{"matchLabels":{"app":"zzz"}},"ingress":[{}]}""")]
    [InlineData("denies-all", """{"endpointSelector":{},"ingress":[{}]}""")]
    [InlineData("empty", """{"endpointSelector":{}}""")]
    [InlineData("names-nobody", """{"endpointSelector":{},"ingress":[{"fromEndpoints":[],"toPorts":[{"ports":[{"port":"80"}]}]}]}""")]
    [InlineData("peer-missing", """{"endpointSelector":{},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"zzz"}}]}]}""")]
    [InlineData("peer-missing", """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidrGroupRef":"nope"}]}]}""")]
    [InlineData("cidr-in-cluster", """{"endpointSelector":{},"egress":[{"toCIDR":["10.0.1.7/32"]}]}""")]
    [InlineData("port-name-unknown", """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"nope"}]}]}]}""")]
    [InlineData("no-ports", """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[]}]}]}""")]
    [InlineData("shadowed", """{"endpointSelector":{},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"b"}}]}],"ingressDeny":[{"fromEndpoints":[{}]}]}""")]
    [InlineData("not-enforceable", """{"endpointSelector":{},"egress":[{"toFQDNs":[{"matchName":"example.com"}]}]}""")]
    [InlineData("matches-the-world", """{"endpointSelector":{},"ingress":[{"fromEndpoints":[{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"NotIn","values":["x"]}]}]}]}""")]
    [InlineData("allows-what-is-allowed", """{"endpointSelector":{},"enableDefaultDeny":{"ingress":false},"ingress":[{"fromEntities":["all"]}]}""")]
    [InlineData("mixed-default-deny", """{"endpointSelector":{"matchLabels":{"app":"b"}},"enableDefaultDeny":{"ingress":false},"ingress":[{"fromEntities":["all"]}]}""")]
    public void Lint_OfASuspectPolicy_Says(string code, string spec)
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        if (code == "mixed-default-deny")
        {
            engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{},"ingress":[{}]}""", "other"));
        }

        ParsedPolicy policy = Policies.Cilium(spec);
        engine.UpsertPolicy(policy);
        engine.Commit();
        Assert.True(IpPrefix.TryParse("10.0.0.0/16", out IpPrefix pods));
        Assert.Contains(new PolicyLinter(engine, [pods]).Check(policy), f => f.Code == code && f.Pointer.StartsWith("/spec", StringComparison.Ordinal));
    }

    [Fact]
    public void Lint_OfASoundPolicy_IsSilent()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b", "c");
        ParsedPolicy policy = Policies.Cilium(Allow);
        engine.UpsertPolicy(policy);
        engine.Commit();
        Assert.Empty(new PolicyLinter(engine, []).Check(policy));
    }
}
