using System.Text.Json;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Rules;

/// <summary>Malformed policies: each is refused with the field's path and a reason, and nothing of it is applied.</summary>
public sealed class BadInputTests
{
    private const string Good = """{"fromEndpoints":[{}]}""";
    private static readonly string s_longName = new('a', 400);

    public static TheoryData<string, string, string> Cilium() => new()
    {
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":["10.0.0.0/33"]}]}""", "spec.ingress[0].fromCIDR[0]", "is no CIDR" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":["10.0.0/8"]}]}""", "spec.ingress[0].fromCIDR[0]", "is no CIDR" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":["fe80::1%eth0/64"]}]}""", "spec.ingress[0].fromCIDR[0]", "is no CIDR" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":["::ffff:10.0.0.1/128"]}]}""", "spec.ingress[0].fromCIDR[0]", "IPv4 written as IPv6" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":[""]}]}""", "spec.ingress[0].fromCIDR[0]", "is required" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":[7]}]}""", "spec.ingress[0].fromCIDR[0]", "must be a text" },
        { """{"endpointSelector":{},"ingress":[{"fromCIDR":"10.0.0.0/8"}]}""", "spec.ingress[0].fromCIDR", "must be a list" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["192.168.0.0/16"]}]}]}""", "spec.egress[0].toCIDRSet[0].except[0]", "is not part of" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["0.0.0.0/0"]}]}]}""", "spec.egress[0].toCIDRSet[0].except[0]", "is not part of" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.1"}]}]}""", "spec.egress[0].toCIDRSet[0].cidr", "is no CIDR" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","cidrGroupRef":"x"}]}]}""", "spec.egress[0].toCIDRSet[0]", "either cidr or cidrGroupRef" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{}]}]}""", "spec.egress[0].toCIDRSet[0]", "either cidr or cidrGroupRef" },
        { """{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidrGroupRef":"No Name"}]}]}""", "spec.egress[0].toCIDRSet[0].cidrGroupRef", "is no name" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"70000"}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].port", "neither a port number" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"-1"}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].port", "neither a port number" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":80}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].port", "must be a text" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"way-too-long-for-a-name"}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].port", "neither a port number" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"protocol":"TCP"}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].port", "is required" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"90","endPort":80}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "80 is below the port 90" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"90","endPort":70000}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "is no port number" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"90","endPort":-5}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "below the port" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"0","endPort":80}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "above 0" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"http","endPort":80}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "not with a name" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"80","endPort":80.5}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].endPort", "whole number" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"80","protocol":"GRE"}]}]}]}""", "spec.ingress[0].toPorts[0].ports[0].protocol", "is no protocol" },
        { """{"endpointSelector":{},"ingress":[{"fromEntities":["moon"]}]}""", "spec.ingress[0].fromEntities[0]", "is no entity" },
        { """{"endpointSelector":{},"ingress":[{"fromEntities":[null]}]}""", "spec.ingress[0].fromEntities[0]", "must not be null" },
        { """{"endpointSelector":{},"nodeSelector":{}}""", "spec", "exclude each other" },
        { """{"ingress":[{}]}""", "spec", "is required" },
        { """{"nodeSelector":{},"ingress":[{}]}""", "spec.nodeSelector", "clusterwide policies only" },
        { """{"endpointSelector":{"matchExpressions":[{"key":"a","operator":"In"}]}}""", "spec.endpointSelector.matchExpressions[0].values", "are required" },
        { """{"endpointSelector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}}""", "spec.endpointSelector.matchExpressions[0].values", "must be empty" },
        { """{"endpointSelector":{"matchExpressions":[{"key":"a","operator":"Like","values":["b"]}]}}""", "spec.endpointSelector.matchExpressions[0].operator", "is no operator" },
        { """{"endpointSelector":{"matchExpressions":[{"operator":"Exists"}]}}""", "spec.endpointSelector.matchExpressions[0].key", "is required" },
        { """{"endpointSelector":{"matchLabels":{"a b":"c"}}}""", "spec.endpointSelector.matchLabels[a b]", "malformed" },
        { """{"endpointSelector":{"matchLabels":{"a/b/c":"c"}}}""", "spec.endpointSelector.matchLabels[a/b/c]", "malformed" },
        { """{"endpointSelector":{"matchLabels":{"k8s:":"c"}}}""", "spec.endpointSelector.matchLabels[k8s:]", "malformed" },
        { """{"endpointSelector":{"matchLabels":{"LONG":"c"}}}""".Replace("LONG", s_longName, StringComparison.Ordinal), $"spec.endpointSelector.matchLabels[{s_longName}]", "malformed" },
        { """{"endpointSelector":{"matchLabels":{"LONG":"c"}}}""".Replace("LONG", s_longName[..64], StringComparison.Ordinal), $"spec.endpointSelector.matchLabels[{s_longName[..64]}]", "1 to 63" },
        { """{"endpointSelector":{"matchLabels":{"a":"LONG"}}}""".Replace("LONG", s_longName, StringComparison.Ordinal), "spec.endpointSelector.matchLabels[a]", "at most 63" },
        { """{"endpointSelector":{"matchLabels":{"a":"-b"}}}""", "spec.endpointSelector.matchLabels[a]", "begin and end" },
        { """{"endpointSelector":{"matchLabels":{"a":null}}}""", "spec.endpointSelector.matchLabels[a]", "must be a text" },
        { """{"endpointSelector":{"matchLabels":[]}}""", "spec.endpointSelector.matchLabels", "must be an object" },
        { """{"endpointSelector":[]}""", "spec.endpointSelector", "must be an object" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"type":"EchoRequset"}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].type", "is no ICMP type of IPv4" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"type":"PacketTooBig"}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].type", "is no ICMP type of IPv4" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"type":256}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].type", "0 to 255" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"family":"IPv5","type":1}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].family", "is no family" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{}]}]}]}""", "spec.ingress[0].icmps[0].fields[0].type", "is required" },
        { """{"endpointSelector":{},"ingress":[{"icmps":[{"fields":[{"type":8}]}],"toPorts":[{"ports":[{"port":"80"}]}]}]}""", "spec.ingress[0].icmps", "exclude each other" },
        { """{"endpointSelector":{},"ingress":[{"fromEndpoints":[{}],"fromCIDR":["10.0.0.0/8"]}]}""", "spec.ingress[0].fromCIDR", "exclude each other" },
        { """{"endpointSelector":{},"egress":[{"toServices":[{"k8sService":{"serviceName":"x"}}],"toPorts":[{"ports":[{"port":"80"}]}]}]}""", "spec.egress[0].toPorts", "exclude each other" },
        { """{"endpointSelector":{},"egress":[{"toServices":[{}]}]}""", "spec.egress[0].toServices[0]", "needs k8sService" },
        { """{"endpointSelector":{},"egress":[{"toServices":[{"k8sService":{}}]}]}""", "spec.egress[0].toServices[0].k8sService.serviceName", "is required" },
        { """{"endpointSelector":{},"egress":[{"toFQDNs":[{"matchName":"a","matchPattern":"b"}]}]}""", "spec.egress[0].toFQDNs[0]", "either matchName or matchPattern" },
        { """{"endpointSelector":{},"egress":[{"toFQDNs":[{"matchName":"a b"}]}]}""", "spec.egress[0].toFQDNs[0].matchName", "is no DNS name" },
        { """{"endpointSelector":{},"egressDeny":[{"toFQDNs":[{"matchName":"a"}]}]}""", "spec.egressDeny[0].toFQDNs", "unknown field" },
        { """{"endpointSelector":{},"ingressDeny":[{"toPorts":[{"ports":[{"port":"80"}],"rules":{"http":[{}]}}]}]}""", "spec.ingressDeny[0].toPorts[0].rules", "unknown field" },
        { """{"endpointSelector":{},"ingress":[{"toPort":[{"ports":[{"port":"80"}]}]}]}""", "spec.ingress[0].toPort", "unknown field" },
        { """{"endpointSelector":{},"ingress":[{"toEndpoints":[{}]}]}""", "spec.ingress[0].toEndpoints", "unknown field" },
        { """{"endpointSelector":{},"ingres":[{}]}""", "spec.ingres", "unknown field" },
        { """{"endpointSelector":{},"ingress":[null]}""", "spec.ingress[0]", "must be an object" },
        { """{"endpointSelector":{},"ingress":{}}""", "spec.ingress", "must be a list" },
        { """{"endpointSelector":{},"enableDefaultDeny":{"ingress":"no"}}""", "spec.enableDefaultDeny.ingress", "true or false" },
        { """{"endpointSelector":{},"egress":[{"authentication":{"mode":"maybe"}}]}""", "spec.egress[0].authentication.mode", "is no mode" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"53","protocol":"UDP"}],"rules":{"dns":[{"matchName":"a"}]}}]}]}""", "spec.ingress[0].toPorts[0].rules.dns", "egress only" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"80","protocol":"UDP"}],"rules":{"http":[{}]}}]}]}""", "spec.ingress[0].toPorts[0].ports[0].protocol", "need the protocol TCP" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"0","protocol":"TCP"}],"rules":{"http":[{}]}}]}]}""", "spec.ingress[0].toPorts[0].ports[0]", "single port" },
        { """{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"80","protocol":"TCP"}],"rules":{"http":[{}],"kafka":[{}]}}]}]}""", "spec.ingress[0].toPorts[0].rules", "exclude each other" },
        { $$"""{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{{string.Join(',', Enumerable.Repeat("""{"port":"1"}""", 41))}}]}]}]}""", "spec.ingress[0].toPorts[0].ports", "at most 40" },
    };

    [Theory]
    [MemberData(nameof(Cilium))]
    public void Parse_OfAMalformedCiliumPolicy_NamesFieldAndReason(string spec, string path, string reason)
    {
        // A good rule beside the bad one: it must not be applied either.
        ParsedPolicy policy = Policies.Parse(PolicyKind.CiliumNetworkPolicy, $$"""
            "specs":[{"endpointSelector":{},"ingress":[{{Good}}]},{{spec}}]
            """);
        Assert.Contains(policy.Errors, e => e.Path == path.Replace("spec", "specs[1]", StringComparison.Ordinal) && e.Message.Contains(reason, StringComparison.Ordinal));
        Assert.Empty(policy.Rules);
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a");
        Assert.False(engine.UpsertPolicy(policy));
        Assert.False(engine.Commit().Subjects.Single().Ingress.IsOn);
    }

    [Theory]
    [InlineData(""" "spec":{"podSelector":{},"policyTypes":["Sideways"]} """, "spec.policyTypes[0]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"from":[{}]}]} """, "spec.ingress[0].from[0]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"},"podSelector":{}}]}]} """, "spec.ingress[0].from[0]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/8"]}}]}]} """, "spec.ingress[0].from[0].ipBlock.except[0]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]} """, "spec.ingress[0].from[0].ipBlock.except[0]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"ten"}}]}]} """, "spec.ingress[0].from[0].ipBlock.cidr")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"port":0}]}]} """, "spec.ingress[0].ports[0].port")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"port":70000}]}]} """, "spec.ingress[0].ports[0].port")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"port":"HTTP"}]}]} """, "spec.ingress[0].ports[0].port")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"port":90,"endPort":80}]}]} """, "spec.ingress[0].ports[0].endPort")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"endPort":80}]}]} """, "spec.ingress[0].ports[0].endPort")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"port":"http","endPort":80}]}]} """, "spec.ingress[0].ports[0].endPort")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"ports":[{"protocol":"ICMP"}]}]} """, "spec.ingress[0].ports[0].protocol")]
    [InlineData(""" "spec":{"podSelector":{"matchLabels":{"k8s:app":"x"}}} """, "spec.podSelector.matchLabels[k8s:app]")]
    [InlineData(""" "spec":{"podSelector":{},"ingress":[{"fromm":[]}]} """, "spec.ingress[0].fromm")]
    [InlineData(""" "spec":{"podSelector":{}},"specs":[] """, "specs")]
    [InlineData(""" "metadata2":{} """, "spec")]
    public void Parse_OfAMalformedNetworkPolicy_NamesTheField(string body, string path)
    {
        ParsedPolicy policy = Policies.Parse(PolicyKind.NetworkPolicy, body);
        Assert.Contains(policy.Errors, e => e.Path == path);
        Assert.Empty(policy.Rules);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"metadata":7,"spec":[],"specs":{}}""")]
    [InlineData("""{"metadata":{"name":"UPPER"}}""")]
    [InlineData("""{"metadata":{"name":"p","annotations":[]},"specs":[]}""")]
    [InlineData("""{"metadata":{"name":"p"},"specs":[null]}""")]
    public void Parse_OfWhatIsNoPolicy_IsAnErrorAndNoException(string text)
    {
        foreach (PolicyKind kind in Enum.GetValues<PolicyKind>())
        {
            ParsedPolicy policy = PolicyParser.Parse(kind, JsonDocument.Parse(text).RootElement);
            Assert.NotEmpty(policy.Errors);
            Assert.Empty(policy.Rules);
        }
    }

    [Fact]
    public void Parse_OfRandomlyDamagedPolicies_NeverThrows()
    {
        const string text = """
            {"metadata":{"name":"p","namespace":"n"},"spec":{"endpointSelector":{"matchLabels":{"a":"b"}},"ingress":[{"fromEndpoints":[{"matchExpressions":[{"key":"x","operator":"In","values":["y"]}]}],
            "toPorts":[{"ports":[{"port":"80","endPort":90,"protocol":"TCP"}],"rules":{"http":[{"path":"/"}]}}]}],"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}]},{"icmps":[{"fields":[{"type":8}]}]}]}}
            """;
        string[] junk = ["null", "7", "-1", "1e99", "\"x\"", "[]", "{}", "true", "[[[]]]", "{\"a\":{\"a\":{}}}"];
        var random = new Random(7);
        for (int i = 0; i < 5000; i++)
        {
            System.Text.Json.Nodes.JsonNode root = System.Text.Json.Nodes.JsonNode.Parse(text)!;
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                Damage(root, random, junk);
            }

            foreach (PolicyKind kind in Enum.GetValues<PolicyKind>())
            {
                ParsedPolicy policy = PolicyParser.Parse(kind, JsonDocument.Parse(root.ToJsonString()).RootElement);
                Assert.True(policy.IsValid || policy.Rules.IsEmpty);
            }
        }
    }

    [Fact]
    public void CidrGroup_WithOneBadPrefix_HasNone()
    {
        ParsedCidrGroup group = PolicyParser.ParseCidrGroup(JsonDocument.Parse("""{"metadata":{"name":"g"},"spec":{"externalCIDRs":["10.0.0.0/8","10.0.0.256/32"]}}""").RootElement);
        Assert.Equal("spec.externalCIDRs[1]", Assert.Single(group.Errors).Path);
        Assert.Empty(group.Prefixes);
    }

    [Fact]
    public void Update_ThatIsMalformed_LeavesTheLastVersionInForce()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a");
        Assert.True(engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{},"ingress":[{"fromEntities":["host"]}]}""")));
        engine.Commit();
        Assert.False(engine.UpsertPolicy(Policies.Parse(PolicyKind.CiliumNetworkPolicy, """ "spec":{"endpointSelector":{},"ingress":[{"fromEntities":["moon"]}]} """)));
        Assert.True(engine.Commit().IsEmpty);
        Assert.False(engine.Evaluate(1, Direction.Ingress, 9, 6, 80).Decision.IsAllowed);
    }

    private static void Damage(System.Text.Json.Nodes.JsonNode node, Random random, string[] junk)
    {
        System.Text.Json.Nodes.JsonNode value = System.Text.Json.Nodes.JsonNode.Parse(junk[random.Next(1, junk.Length)])!;
        switch (node)
        {
            case System.Text.Json.Nodes.JsonObject { Count: > 0 } o:
                string name = o.ElementAt(random.Next(o.Count)).Key;
                if (random.Next(3) == 0 || o[name] is null)
                {
                    o[name] = value;
                }
                else
                {
                    Damage(o[name]!, random, junk);
                }

                break;
            case System.Text.Json.Nodes.JsonArray { Count: > 0 } a:
                int index = random.Next(a.Count);
                if (random.Next(3) == 0 || a[index] is null)
                {
                    a[index] = value;
                }
                else
                {
                    Damage(a[index]!, random, junk);
                }

                break;
            default:
                break;
        }
    }
}
