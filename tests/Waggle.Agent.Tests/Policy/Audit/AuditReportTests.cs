using System.Text.Json.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy.Audit;

/// <summary>What the agents say that policies on trial, and audit mode, would have dropped.</summary>
public sealed class AuditReportTests
{
    private const string Trial = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web, annotations: {policy.waggle.io/mode: audit}}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: a}}]}]
        """;

    [Fact]
    public async Task Report_NamesWhatEnforcingWouldDrop_OnTheNodeOfTheRestrictedPod()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(1, "default", "b", [("app", "b")]);
        Peer outside = await lab.AddOutsideAsync();
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(b, web, "udp", 53, false), new(b, web, "icmp", 0, false), new(web, outside, "tcp", 80, false)];
        await lab.ApplyAsync(Trial);
        await lab.ExpectAsync("on trial", cells, _ => true);
        JsonArray entries = await EntriesAsync(lab, "?policy=default/web", 3);
        Assert.All(entries, e => Assert.Equal(("default/b", "default/web", "drop", "policy", "ingress"), (Text(e, "source"), Text(e, "destination"), Text(e, "would"), Text(e, "mode"), Text(e, "direction"))));
        Assert.Equal(["1/8", "17/53", "6/80"], entries.Select(e => $"{e!["protocol"]}/{e["port"]}").Order(StringComparer.Ordinal));
        Assert.All(entries, e => Assert.Equal("CiliumNetworkPolicy default/web", (string?)e!["rule"]!["places"]![0]!["policy"]));
        Assert.Empty((await lab.Nodes[1].GetAsync("/v1/policy/audit"))["entries"]!.AsArray());

        // The command of the node.
        (int code, string output) = await lab.Nodes[0].WaggleAsync("policy audit-report default/web");
        Assert.True(code == 0, output);
        Assert.Matches("default/b +default/web +80/TCP +drop +ingress", output);
        Assert.Contains("default deny of CiliumNetworkPolicy default/web /spec", output);
        Assert.DoesNotContain("default/a ", output);
        (code, output) = await lab.Nodes[0].WaggleAsync("policy audit-report default/nothing");
        Assert.True(code == 1 && output.Contains("no node has a policy", StringComparison.Ordinal), output);

        // Enforced, and the node in audit mode: the same packets, now for the endpoint.
        await lab.ApplyAsync(Trial.Replace(", annotations: {policy.waggle.io/mode: audit}", "", StringComparison.Ordinal));
        await lab.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { ["policy-audit-mode"] = "true", ["policy-verdict-notification"] = "false" } }));
        await PolicyLab.UntilAsync("audited", async () => (await PolicyLab.CheckAsync(cells, _ => true)).Count == 0
            && (await EntriesAsync(lab, "", 1)).Any(e => Text(e, "mode") == "endpoint" && Text(e, "source") == "default/b" && (int)e!["port"]! == 80) ? "yes" : null);

        // The table is written after the programs have the mode.
        await PolicyLab.UntilAsync("told of the endpoint", async () =>
            (await lab.Nodes[0].TryGetAsync("/v1/policy/audit"))?["endpoints"]!.AsArray().Any(e => (string?)e == "default/web") == true ? "yes" : null);
    }

    /// <summary>Events arrive a moment after their packets.</summary>
    private static Task<JsonArray> EntriesAsync(PolicyLab lab, string query, int atLeast) => PolicyLab.UntilAsync($"{atLeast} entries", async () =>
        (await lab.Nodes[0].TryGetAsync($"/v1/policy/audit{query}"))?["entries"] is JsonArray entries && entries.Count >= atLeast ? entries : null);

    private static string Text(JsonNode? entry, string name) => (string)entry![name]!;
}
