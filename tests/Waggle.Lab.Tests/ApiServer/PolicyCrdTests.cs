using System.Text.Json.Nodes;
using Waggle.Kube.Json;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>What the schemas of the policy resources let in and what they refuse, with the field's path.</summary>
public sealed class PolicyCrdTests(PolicyCrdTests.Fixture server) : IClassFixture<PolicyCrdTests.Fixture>
{
    private const string Policies = "/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies";
    private const string Groups = "/apis/cilium.io/v2alpha1/ciliumcidrgroups";

    [Fact]
    public async Task Policy_WithEverySection_IsKeptWhole()
    {
        const string text = """
            {"metadata":{"name":"full"},"spec":{"endpointSelector":{"matchLabels":{"k8s:app":"web"}},"enableDefaultDeny":{"ingress":true},
             "ingress":[{"fromEndpoints":[{}],"toPorts":[{"ports":[{"port":"80","endPort":90,"protocol":"TCP"}],"rules":{"http":[{"method":"GET"}]}}]},{"fromEntities":["world-ipv4"],"icmps":[{"fields":[{"type":"EchoRequest"},{"family":"IPv6","type":128}]}]}],
             "egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]},{"cidrGroupRef":"office"}]},{"toServices":[{"k8sService":{"serviceName":"db","namespace":"x"}}]},{"toFQDNs":[{"matchPattern":"*.example.com"}],"toPorts":[{"ports":[{"port":"http"}]}]}],
             "egressDeny":[{"toRequires":[{"matchExpressions":[{"key":"env","operator":"NotIn","values":["prod"]}]}]}]}}
            """;
        var made = await server.Api.CreateAsync(Policies, text);
        Assert.Equal("IPv4", J.Show(J.At(made, "spec", "ingress")![1]!["icmps"]![0]!["fields"]![0]!["family"]));
        ((JsonObject)made["spec"]!["ingress"]![1]!["icmps"]![0]!["fields"]![0]!).Remove("family");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(text)!["spec"], made["spec"]), made.ToJsonString());
    }

    [Theory]
    [InlineData("""{"endpointSelector":{},"ingress":[{"fromCIDR":["10.0.0.0/33"]}]}""", "spec.ingress[0].fromCIDR[0]")]
    [InlineData("""{"endpointSelector":{},"ingress":[{"fromEntities":["moon"]}]}""", "spec.ingress[0].fromEntities[0]")]
    [InlineData("""{"endpointSelector":{},"egress":[{"toPorts":[{"ports":[{"port":"70000"}]}]}]}""", "spec.egress[0].toPorts[0].ports[0].port")]
    [InlineData("""{"endpointSelector":{},"egress":[{"toPorts":[{"ports":[{"port":"80","endPort":70000}]}]}]}""", "spec.egress[0].toPorts[0].ports[0].endPort")]
    [InlineData("""{"endpointSelector":{},"egress":[{"toPorts":[{"ports":[{"port":"80","protocol":"GRE"}]}]}]}""", "spec.egress[0].toPorts[0].ports[0].protocol")]
    [InlineData("""{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"type":256}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].type")]
    [InlineData("""{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"family":"IPv5","type":1}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].family")]
    [InlineData("""{"endpointSelector":{},"ingress":[{"icmps":[],"toPorts":[]}]}""", "spec.ingress[0]")]
    [InlineData("""{"endpointSelector":{},"nodeSelector":{}}""", "spec")]
    [InlineData("""{"ingress":[]}""", "spec")]
    [InlineData("""{"endpointSelector":{"matchExpressions":[{"key":"a","operator":"Near"}]}}""", "spec.endpointSelector.matchExpressions[0].operator")]
    [InlineData("""{"endpointSelector":{"matchLabels":{"a":"-b"}}}""", "spec.endpointSelector.matchLabels")]
    [InlineData("""{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","cidrGroupRef":"x"}]}]}""", "spec.egress[0].toCIDRSet[0]")]
    [InlineData("""{"endpointSelector":{},"egress":[{"toFQDNs":[{}]}]}""", "spec.egress[0].toFQDNs[0]")]
    [InlineData("""{"endpointSelector":{},"egress":[{"authentication":{"mode":"maybe"}}]}""", "spec.egress[0].authentication.mode")]
    public async Task Policy_Malformed_IsRefusedWithTheFieldsPath(string spec, string path)
    {
        var (code, status) = await server.Api.SendAsync("POST", Policies, $$$"""{"metadata":{"name":"bad"},"spec":{{{spec}}}}""");
        Assert.Equal(422, code);
        Assert.Contains(path, J.Show(status["message"]), StringComparison.Ordinal);
        var (twice, _) = await server.Api.SendAsync("POST", Policies, $$$"""{"metadata":{"name":"bad"},"specs":[{{{spec}}}]}""");
        Assert.Equal(422, twice);
    }

    [Fact]
    public async Task CidrGroup_WithAnAddressOutOfRange_IsRefused()
    {
        await server.Api.CreateAsync(Groups, """{"metadata":{"name":"office"},"spec":{"externalCIDRs":["192.0.2.0/24","2001:db8::/32"]}}""");
        var (code, _) = await server.Api.SendAsync("POST", Groups, """{"metadata":{"name":"bad"},"spec":{"externalCIDRs":["192.0.2.0/24","192.0.2.256/32"]}}""");
        Assert.Equal(422, code);
    }

    [Fact]
    public async Task Kubectl_ListsPoliciesByShortName_WithTheirColumns()
    {
        const string clusterwide = "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
        await server.Api.CreateAsync(clusterwide, """{"metadata":{"name":"hosts"},"spec":{"nodeSelector":{},"ingress":[{}]}}""");
        await server.Api.SendAsync("PATCH", clusterwide + "/hosts/status", """{"status":{"conditions":[{"type":"Valid","status":"True"}],"selectedEndpoints":3}}""", "application/merge-patch+json");
        var table = (await server.Api.KubectlAsync("get", "ccnp")).Ok;
        Assert.Matches(@"NAME\s+AGE\s+VALID\s+hosts\s+\S+\s+True", table);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public ServerFixture Api { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await Api.InitializeAsync();
            foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "crds"), "*polic*.yaml").Append(Path.Combine(AppContext.BaseDirectory, "crds", "ciliumcidrgroups.yaml")))
            {
                var made = await Api.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", KubeYaml.ReadAll(await File.ReadAllTextAsync(file))[0].ToJsonString());
                Assert.Contains(made["status"]!["conditions"]!.AsArray(), c => (string?)c!["type"] == "Established" && (string?)c["status"] == "True");
            }
        }

        public ValueTask DisposeAsync() => Api.DisposeAsync();
    }
}
