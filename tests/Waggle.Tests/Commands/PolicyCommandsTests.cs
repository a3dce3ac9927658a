using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed class PolicyCommandsTests
{
    private const string Bad = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: other}
        ---
        # a comment moves the lines
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: web
        spec:
          endpointSelector: {}
          ingress:
            - fromCIDR:
                - 10.0.0.0/8
                - 10.0.0.0/33
            - toPorts:
                - ports:
                    - port: "90"
                      endPort: 80
          egress:
            - toFQDNs:
                - matchName: example.com
        """;

    [Fact]
    public async Task Validate_OfAMalformedPolicy_NamesTheLines()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, Bad, TestContext.Current.CancellationToken);
            var outcome = await InProcess.RunAsync("cilium", "policy", "validate", file);
            Assert.Equal(ExitCode.Failed, outcome.Code);
            Assert.Contains($"{file}:15: error: CiliumNetworkPolicy web: spec.ingress[0].fromCIDR[1]: \"10.0.0.0/33\" is no CIDR", outcome.Output, StringComparison.Ordinal);
            Assert.Contains($"{file}:19: error: CiliumNetworkPolicy web: spec.ingress[1].toPorts[0].ports[0].endPort: 80 is below the port 90", outcome.Output, StringComparison.Ordinal);
            Assert.Contains($"{file}:22: warning: CiliumNetworkPolicy web: spec.egress[0].toFQDNs[0]", outcome.Output, StringComparison.Ordinal);
            Assert.Contains("2 errors, 1 warnings in 1 objects", outcome.Output, StringComparison.Ordinal);
            Assert.Contains("ConfigMap other holds no policy: skipped", outcome.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Validate_OfAList_TakesItApart()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """
                {"apiVersion":"v1","kind":"List","items":[
                 {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"podSelector":{}}},
                 {"apiVersion":"cilium.io/v2alpha1","kind":"CiliumCIDRGroup","metadata":{"name":"g"},"spec":{"externalCIDRs":["10.0.0.0/8"]}}]}
                """, TestContext.Current.CancellationToken);
            var outcome = await InProcess.RunAsync("waggle", "policy", "validate", file);
            Assert.Equal((ExitCode.Ok, "2 objects are valid\n"), (outcome.Code, outcome.Output));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("policy", "validate")]
    [InlineData("policy", "validate", "/nonexistent/file.yaml")]
    [InlineData("policy", "diff")]
    public async Task Policy_WithoutAFile_IsWrongUsage(params string[] words) =>
        Assert.Equal(ExitCode.Usage, (await InProcess.RunAsync(["waggle", .. words])).Code);
}
