using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Policy;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>Agent events and debug events of a node at work, as the hubble command shows them.</summary>
public sealed class HubbleEventTests
{
    private const string Allow = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: told}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]
        """;

    [Fact]
    public async Task Events_OfAgentAndDatapath_AreTold()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1, ("enable-hubble", "true"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), client = await lab.AddPodAsync(0, "default", "client", [("app", "client")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Allow);
        string address = $"{client.Ip}/32";

        // Nobody asked for debug events, so the programs make none.
        Assert.Empty(await PolicyLab.CheckAsync([new(client, web, "tcp", 80, false)], _ => true));
        Assert.Empty(await ObserveAsync(lab, "debug-events"));
        await ConfigureAsync(lab, "datapath");
        JsonObject lookup = await PolicyLab.UntilAsync("debug events come", async () =>
        {
            Assert.Empty(await PolicyLab.CheckAsync([new(client, web, "tcp", 80, false)], _ => true));
            return (await ObserveAsync(lab, "debug-events")).FirstOrDefault(e => (string?)e["type"] == "DBG_CT_LOOKUP4_1" && (string?)e["source"]?["pod_name"] == "client");
        });
        Assert.Equal("default", (string?)lookup["source"]!["namespace"]);
        Assert.NotEqual(0u, (uint)lookup["arg1"]!);
        Assert.Contains($"{client.Ip}:", (string)lookup["message"]!, StringComparison.Ordinal);
        await PolicyLab.UntilAsync("policy and delivery are told", async () =>
        {
            Assert.Empty(await PolicyLab.CheckAsync([new(client, web, "tcp", 80, false)], _ => true));
            HashSet<string> kinds = [.. (await ObserveAsync(lab, "debug-events")).Select(e => (string)e["type"]!)];
            return kinds.IsSupersetOf(["DBG_CT_VERDICT", "DBG_CT_CREATED4", "DBG_L4_CREATE", "DBG_LOCAL_DELIVERY"]) ? "told" : null;
        });
        await ConfigureAsync(lab, "");

        await lab.DeleteAsync(Allow);
        await lab.RemovePodAsync(client);
        JsonObject[] events = await PolicyLab.UntilAsync("the end is told", async () =>
        {
            JsonObject[] all = await ObserveAsync(lab, "agent-events");
            return Is(all, "ENDPOINT_DELETED", "endpoint_update", e => (string?)e["pod_name"] == "client") && Is(all, "POLICY_DELETED", "policy_update", OfPolicy) && Is(all, "IPCACHE_DELETED", "ipcache_update", e => (string?)e["cidr"] == address) ? all : null;
        });
        Assert.Contains(events, e => (string?)e["type"] == "AGENT_STARTED" && e["agent_start"]!["time"] is not null);
        Assert.True(Is(events, "POLICY_UPDATED", "policy_update", e => OfPolicy(e) && (string?)e["rule_count"] == "1" && ulong.Parse((string)e["revision"]!, System.Globalization.CultureInfo.InvariantCulture) > 0), Text(events));
        Assert.True(Is(events, "IPCACHE_UPSERTED", "ipcache_update", e => (string?)e["cidr"] == address && (uint)e["identity"]! > 0), Text(events));

        // An endpoint is created before it gets its policy, and again with each policy that is new for it.
        JsonObject created = events.Single(e => (string?)e["type"] == "ENDPOINT_CREATED" && (string?)e["endpoint_update"]!["pod_name"] == "web");
        JsonObject[] regenerated = [.. events.Where(e => (string?)e["type"] == "ENDPOINT_REGENERATE_SUCCESS" && (string?)e["endpoint_regenerate"]!["id"] == (string?)created["endpoint_update"]!["id"])];
        Assert.True(regenerated.Length >= 2, Text(events));
        Assert.All(regenerated, r => Assert.True(Array.IndexOf(events, r) > Array.IndexOf(events, created)));
        Assert.Contains("k8s:app=web", regenerated[0]["endpoint_regenerate"]!["labels"]!.AsArray().Select(l => (string?)l));
    }

    private static bool OfPolicy(JsonNode e) => e["labels"]!.AsArray().Any(l => (string?)l == "k8s:io.cilium.k8s.policy.name=told");

    private static bool Is(JsonObject[] events, string type, string kind, Func<JsonNode, bool> fits) => events.Any(e => (string?)e["type"] == type && fits(e[kind]!));

    private static string Text(JsonObject[] events) => string.Join('\n', events.Select(e => e.ToJsonString()));

    private static Task ConfigureAsync(PolicyLab lab, string verbose) =>
        lab.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { ["debug-verbose"] = verbose } }));

    private static async Task<JsonObject[]> ObserveAsync(PolicyLab lab, string kind)
    {
        (int code, string output) = await lab.Nodes[0].WaggleAsync($"hubble observe {kind} --last 4000 -o json");
        Assert.True(code == 0, output);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)![kind == "agent-events" ? "agent_event" : "debug_event"]!.AsObject())];
    }
}
