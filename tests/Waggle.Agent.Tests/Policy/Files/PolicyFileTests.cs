using Waggle.Agent.Policy;
using Waggle.Agent.Policy.Files;

namespace Waggle.Agent.Tests.Policy.Files;

public sealed class PolicyFileTests
{
    [Fact]
    public void Read_GivesPoliciesWithNamesOfTheirOwn()
    {
        IReadOnlyList<PolicyRow> rows = PolicyFile.Read("base.yaml", """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: web, uid: stolen, generation: 9, annotations: {policy.waggle.io/confirm-until: "2020-01-01T00:00:00Z"}}
            spec: {endpointSelector: {}, ingress: [{}]}
            ---
            ---
            apiVersion: cilium.io/v2
            kind: CiliumClusterwideNetworkPolicy
            metadata: {name: web}
            spec: {endpointSelector: {}, egress: [{}]}
            """, true);
        Assert.Equal(["CiliumNetworkPolicy default/web@base.yaml", "CiliumClusterwideNetworkPolicy web@base.yaml"], rows.Select(r => r.Key));
        Assert.All(rows, r => Assert.Equal(("directory", "", 0L, (DateTimeOffset?)null), (r.Source, r.Parsed.Uid, r.Parsed.Generation, r.ConfirmUntil)));
        Assert.Empty(PolicyFile.Read("empty.yaml", "# nothing\n", true));
    }

    [Theory]
    [InlineData("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", "document 1: v1 ConfigMap is no kind of policy")]
    [InlineData("a list: [", "line 2")]
    [InlineData("- 1", "is not a mapping")]
    [InlineData("{kind: [1]}", "is no kind of policy")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x}, spec: {endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.0/33]}]}}", "CiliumNetworkPolicy default/x: spec.ingress[0].fromCIDR[0]")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, spec: {endpointSelector: {}}}", "metadata.name")]
    public void Read_OfSomethingBad_TakesNothingOfTheFile(string bad, string expected)
    {
        const string good = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: good}, spec: {endpointSelector: {}, ingress: [{}]}}";
        Assert.Contains(expected, Assert.Throws<FormatException>(() => PolicyFile.Read("f.yaml", bad, true)).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => PolicyFile.Read("f.yaml", $"{good}\n---\n{bad}", true));
        Assert.Contains("stands twice", Assert.Throws<FormatException>(() => PolicyFile.Read("f.yaml", $"{good}\n---\n{good}", true)).Message, StringComparison.Ordinal);
    }
}
