using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>The built-in NetworkPolicy: defaults, and refusals with the path of the field.</summary>
public sealed class NetworkPolicyTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";

    [Theory]
    [InlineData("both", """{"podSelector":{},"egress":[{}]}""", """["Ingress","Egress"]""")]
    [InlineData("ingress", """{"podSelector":{}}""", """["Ingress"]""")]
    [InlineData("given", """{"podSelector":{},"policyTypes":["Egress"]}""", """["Egress"]""")]
    public async Task Create_WithoutTypes_GetsTheDefault(string name, string spec, string types)
    {
        var made = await server.CreateAsync(Policies, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""");
        Assert.Equal(types, made["spec"]!["policyTypes"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_WithAPort_GetsItsProtocol()
    {
        var made = await server.CreateAsync(Policies, """{"metadata":{"name":"port"},"spec":{"podSelector":{},"ingress":[{"ports":[{"port":80,"endPort":90}],"from":[{"ipBlock":{"cidr":"10.0.0.1/8","except":["10.1.0.0/16"]}}]}]}}""");
        Assert.Equal("TCP", J.Show(made["spec"]!["ingress"]![0]!["ports"]![0]!["protocol"]));
    }

    [Theory]
    [InlineData("""{"podSelector":{},"policyTypes":["Sideways"]}""", "spec.policyTypes[0]")]
    [InlineData("""{"podSelector":{},"policyTypes":["Ingress","Egress","Ingress"]}""", "spec.policyTypes")]
    [InlineData("""{"podSelector":{"matchExpressions":[{"key":"a","operator":"In"}]}}""", "spec.podSelector.matchExpressions[0].values")]
    [InlineData("""{"podSelector":{},"ingress":[{"from":[{}]}]}""", "spec.ingress[0].from[0]")]
    [InlineData("""{"podSelector":{},"ingress":[{"from":[{"podSelector":{"matchLabels":{"a b":"c"}}}]}]}""", "spec.ingress[0].from[0].podSelector.matchLabels")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"},"podSelector":{}}]}]}""", "spec.egress[0].to[0]")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/33"}}]}]}""", "spec.egress[0].to[0].ipBlock.cidr")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/8"]}}]}]}""", "spec.egress[0].to[0].ipBlock.except[0]")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]}""", "spec.egress[0].to[0].ipBlock.except[0]")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":0}]}]}""", "spec.ingress[0].ports[0].port")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":70000}]}]}""", "spec.ingress[0].ports[0].port")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":"NOT A NAME"}]}]}""", "spec.ingress[0].ports[0].port")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":90,"endPort":80}]}]}""", "spec.ingress[0].ports[0].endPort")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"endPort":80}]}]}""", "spec.ingress[0].ports[0].endPort")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":"http","endPort":80}]}]}""", "spec.ingress[0].ports[0].endPort")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":80,"protocol":"ICMP"}]}]}""", "spec.ingress[0].ports[0].protocol")]
    public async Task Create_Malformed_IsRefusedWithTheFieldsPath(string spec, string path)
    {
        var (code, status) = await server.SendAsync("POST", Policies, $$$"""{"metadata":{"name":"bad"},"spec":{{{spec}}}}""");
        Assert.Equal(422, code);
        Assert.Contains(path, J.Show(status["message"]), StringComparison.Ordinal);
    }
}
