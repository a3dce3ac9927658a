using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Tests.Policy;

/// <summary>Every kind of malformed rule against a live node: refused by the API, or marked invalid, with field and reason; what held before holds on.</summary>
public sealed class MalformedTests
{
    private const string Good = """{"endpointSelector":{"matchLabels":{"app":"web"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"a"}}]}]}""";

    // The rest of each document is a rule that would let everybody in: half of it applied would be seen.
    private const string Open = """{"fromEntities":["all"]}""", Web = "\"endpointSelector\":{\"matchLabels\":{\"app\":\"web\"}}";
    private static readonly string s_long = new('x', 64);

    private static readonly (string Kind, string Body, string Field)[] s_corpus =
    [
        ("bad CIDR", Spec("""{"fromCIDR":["10.0.0.0/33"]}"""), "ingress[1].fromCIDR[0]"),
        ("bad IPv6 CIDR", Spec("""{"fromCIDR":["fd00::/129"]}"""), "ingress[1].fromCIDR[0]"),
        ("port 70000", Spec("""{"toPorts":[{"ports":[{"port":"70000","protocol":"TCP"}]}]}"""), "ingress[1].toPorts[0].ports[0].port"),
        ("port -1", Spec("""{"toPorts":[{"ports":[{"port":"-1","protocol":"TCP"}]}]}"""), "ingress[1].toPorts[0].ports[0].port"),
        ("port 0 with endPort", Spec("""{"toPorts":[{"ports":[{"port":"0","endPort":10,"protocol":"TCP"}]}]}"""), "ingress[1].toPorts[0].ports[0].endPort"),
        ("endPort below port", Spec("""{"toPorts":[{"ports":[{"port":"90","endPort":80,"protocol":"TCP"}]}]}"""), "ingress[1].toPorts[0].ports[0].endPort"),
        ("unknown entity", Spec("""{"fromEntities":["moon"]}"""), "ingress[1].fromEntities[0]"),
        ("spec and specs empty", "\"specs\":[]", "spec"),
        ("no spec at all", "\"labels\":{}", "spec"),
        ("operator of a selector", Spec("""{"fromEndpoints":[{"matchExpressions":[{"key":"app","operator":"Near","values":["x"]}]}]}"""), "ingress[1].fromEndpoints[0].matchExpressions[0].operator"),
        ("In without values", Spec("""{"fromEndpoints":[{"matchExpressions":[{"key":"app","operator":"In"}]}]}"""), "ingress[1].fromEndpoints[0].matchExpressions[0].values"),
        ("key of a selector", Spec("""{"fromEndpoints":[{"matchLabels":{"a b":"x"}}]}"""), "ingress[1].fromEndpoints[0].matchLabels"),
        ("over-long value", Spec("""{"fromEndpoints":[{"matchLabels":{"app":"LONG"}}]}""".Replace("LONG", s_long, StringComparison.Ordinal)), "ingress[1].fromEndpoints[0].matchLabels"),
        ("over-long key", Spec("""{"fromEndpoints":[{"matchLabels":{"LONG":"x"}}]}""".Replace("LONG", s_long, StringComparison.Ordinal)), "ingress[1].fromEndpoints[0].matchLabels"),
        ("unknown ICMP name", Spec("""{"icmps":[{"fields":[{"family":"IPv4","type":"EchoRequestt"}]}]}"""), "ingress[1].icmps[0].fields[0].type"),
        ("ICMP type 256", Spec("""{"icmps":[{"fields":[{"family":"IPv4","type":256}]}]}"""), "ingress[1].icmps[0].fields[0].type"),
        ("except outside its CIDR", Spec("""{"fromCIDRSet":[{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}]}"""), "ingress[1].fromCIDRSet[0].except[0]"),
        ("unknown field", Spec("""{"fromEndpointss":[{}]}"""), "ingress[1].fromEndpointss"),
    ];

    [Fact]
    public async Task Corpus_AgainstALiveNode_IsRefusedOrMarkedAndNeverHalfApplied()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: " + Good + "}");
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false)];
        await lab.ExpectAsync("the good one", cells, c => c.From == a);
        var wrong = new List<string>();
        int marked = 0;
        foreach ((string kind, string body, string field) in s_corpus)
        {
            // The agent by itself.
            using JsonDocument document = JsonDocument.Parse($$$"""{"metadata":{"name":"p","namespace":"default"},{{{body}}}}""");
            ParsedPolicy parsed = PolicyParser.Parse(PolicyKind.CiliumNetworkPolicy, document.RootElement);
            if (parsed.IsValid || !parsed.Rules.IsEmpty || !parsed.Errors.Any(e => e.Path.Contains(field, StringComparison.Ordinal)))
            {
                wrong.Add($"{kind}: the agent says: {string.Join("; ", parsed.Errors)}");
            }

            if (kind == "unknown field")
            {
                continue; // the server takes out what its schema does not know, or refuses it where the client asks for that
            }

            // Through the API.
            JsonObject policy = JsonNode.Parse($$$"""{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy",{{{body}}}}""")!.AsObject();
            try
            {
                JsonObject stored = await ReplaceAsync(lab, policy);
                marked++;
                long generation = (long)stored["metadata"]!["generation"]!;
                await PolicyLab.UntilAsync($"{kind}: the node marks it", async () =>
                    (await lab.Nodes[0].TryGetAsync("/v1/tables/policy-status"))?["rows"]!.AsArray().FirstOrDefault(r => (long)r!["generation"]! == generation && ((string?)r["problem"])!.Contains(field, StringComparison.Ordinal)));
                await PolicyLab.UntilAsync($"{kind}: condition Valid", async () =>
                    ((await lab.Client.TryGetAsync(KubeTypes.CiliumNetworkPolicies, "default", "p"))?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c =>
                        (string?)c!["type"] == "Valid" && (string?)c["status"] == "False" && ((string?)c["message"])!.Contains(field, StringComparison.Ordinal)));
            }
            catch (KubeApiException e) when (e.Message.Contains(field, StringComparison.Ordinal))
            {
                // refused, and the field is named
            }
            catch (KubeApiException e)
            {
                wrong.Add($"{kind}: the API says: {e.Message}");
            }

            IReadOnlyList<string> cellsWrong = await PolicyLab.CheckAsync([cells[0]], _ => true);
            wrong.AddRange(cellsWrong.Select(c => $"{kind}: {c}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(marked > 0, "nothing came as far as the node");
        await lab.ExpectAsync("after all of them", cells, c => c.From == a);
    }

    /// <summary>Others write the status meanwhile.</summary>
    private static Task<JsonObject> ReplaceAsync(PolicyLab lab, JsonObject policy) => PolicyLab.UntilAsync("nobody is in between", async () =>
    {
        JsonObject present = (await lab.Client.TryGetAsync(KubeTypes.CiliumNetworkPolicies, "default", "p"))!;
        policy["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = "default", ["resourceVersion"] = (string?)present["metadata"]!["resourceVersion"] };
        try
        {
            return await lab.Client.UpdateAsync(KubeTypes.CiliumNetworkPolicies, policy);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return null;
        }
    });

    private static string Spec(string section) => $"\"spec\":{{{Web},\"ingress\":[{Open},{section}]}}";
}
