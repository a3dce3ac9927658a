using System.Text.Json.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy;

/// <summary>Enforcement modes, audit, probation, the host firewall and status.</summary>
public sealed class ModesTests
{
    private const string DenyWeb = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: deny}
        spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}
        """;

    [Fact]
    public async Task Modes_ChangedLive_HoldAtOnce()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]);
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, web, "tcp", 80, false), new(a, web, "icmp", 0, false), new(web, a, "udp", 53, false)];
        await lab.SetAsync("enable-policy", "always");
        await lab.EventuallyAsync("always", cells, _ => false);
        await lab.SetAsync("enable-policy", "default");
        await lab.EventuallyAsync("default", cells, _ => true);
        await lab.ApplyAsync(DenyWeb);
        await lab.ExpectAsync("denied", cells, c => c.To == a);
        await lab.SetAsync("policy-audit-mode", "true");
        await lab.EventuallyAsync("audit", cells, _ => true);
        await lab.SetAsync("policy-audit-mode", "false");
        await lab.EventuallyAsync("enforced again", cells, c => c.To == a);

        // One endpoint only, through the command of its node.
        JsonNode endpoint = (await lab.Nodes[0].GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray().Single(r => (string?)r!["pod"] == "web")!;
        (int code, string output) = await lab.Nodes[0].CiliumAsync($"endpoint config {endpoint["id"]} PolicyAuditMode=Enabled");
        Assert.True(code == 0, output);
        await lab.EventuallyAsync("audit of one endpoint", cells, _ => true);
        // The table is written after the programs have the mode.
        await PolicyLab.UntilAsync("the list tells it", async () => (await lab.Nodes[0].CiliumAsync("endpoint list")).Output is var list && list.Contains("Disabled (Audit)", StringComparison.Ordinal) ? list : null);
        Assert.Equal(0, (await lab.Nodes[0].CiliumAsync($"endpoint config {endpoint["id"]} PolicyAuditMode=Disabled")).Code);
        await lab.EventuallyAsync("enforced for it again", cells, c => c.To == a);
        await lab.SetAsync("enable-policy", "never");
        await lab.EventuallyAsync("never", cells, _ => true);
    }

    [Fact]
    public async Task Probation_NobodyConfirms_WhatHeldBeforeComesBack()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]);
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, web, "tcp", 80, false)];
        string until = DateTimeOffset.UtcNow.AddSeconds(8).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        await lab.ApplyAsync(DenyWeb.Replace("name: deny", $"name: deny, annotations: {{policy.waggle.io/confirm-until: \"{until}\"}}", StringComparison.Ordinal), wait: false);
        await lab.EventuallyAsync("taken back", cells, _ => true, () => lab.Nodes[0].Log.Contains("is taken back on this node", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Status_SaysWhatIsValidAndWhomItSelects()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        await lab.AddPodAsync(0, "default", "web", [("app", "web")]);
        await lab.ApplyAsync(DenyWeb);
        await PolicyLab.UntilAsync("Valid, one endpoint", async () =>
        {
            JsonObject? policy = await lab.Client.TryGetAsync(KubeTypes.CiliumNetworkPolicies, "default", "deny");
            JsonNode? valid = (policy?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == "Valid");
            return (string?)valid?["status"] == "True" && (long?)policy!["status"]!["selectedEndpoints"] == 1 && policy["status"]!["nodes"]?["node0"]?["ok"] is not null ? policy : null;
        });
        await PolicyLab.UntilAsync("the endpoint's status", async () =>
            (await lab.Client.TryGetAsync(KubeTypes.CiliumEndpoints, "default", "web"))?.Status.Policy is { Ingress: { Enforcing: true, State: "enforcing" }, Egress.State: "disabled" } state ? state : null);
        foreach ((string command, string expected) in new[]
        {
            ("endpoint list", "Enabled"), ("policy get", "CiliumNetworkPolicy default/deny"), ("policy selectors", "app=web"), ("policy wait 1", ""), ("bpf policy get --all", "Deny"), ("bpf ct list global", ""),
            ("bpf policy get --all -o json", "\"policy\""),
        })
        {
            (int code, string output) = await lab.Nodes[0].CiliumAsync(command);
            Assert.True(code == 0 && output.Contains(expected, StringComparison.Ordinal), $"{command}: {code}\n{output}");
        }
    }

    [Fact]
    public async Task HostFirewall_DeniesEverything_TheNodeStaysManageable()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2, ("enable-host-firewall", "true"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), far = await lab.AddPodAsync(1, "default", "far", [("app", "far")]);
        Peer node = await lab.AddNodeAsync(0), outside = await lab.AddOutsideAsync();
        await lab.WaitIdentitiesAsync();
        const string firewall = """
            apiVersion: cilium.io/v2
            kind: CiliumClusterwideNetworkPolicy
            metadata: {name: host}
            spec:
              nodeSelector: {}
              ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]
            """;
        Cell[] cells = [new(outside, node, "tcp", 80, false), new(outside, node, "tcp", 8080, false), new(web, far, "tcp", 80, false), new(far, web, "tcp", 80, false), new(node, outside, "tcp", 80, false)];
        await lab.ExpectAsync("without", cells, _ => true);
        await lab.ApplyAsync(firewall);
        await lab.ExpectAsync("with it", cells, c => c.To != node || c.Port == 8080);

        // The agent still hears the API, and the tunnel works.
        await lab.ApplyAsync(DenyWeb);
        await lab.ExpectAsync("another policy", cells, c => (c.To != node || c.Port == 8080) && c.To != web);
        await lab.DeleteAsync(firewall);
        await lab.ExpectAsync("without again", cells, c => c.To != web);
    }
}
