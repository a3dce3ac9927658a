using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy;

/// <summary>The commands about policy, on a node with pods, connections and policies.</summary>
public sealed class CommandsTests
{
    private const string Web = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: a}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]
        """;

    [Fact]
    public async Task Commands_OfANode_ShowWhatItEnforcesAndSees()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        string identity = await lab.IdentityAsync(a);
        JsonNode endpoint = (await node.GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray().Single(r => (string?)r!["pod"] == "web")!;
        string id = endpoint["id"]!.ToString(), other = (await node.GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray().Single(r => (string?)r!["pod"] == "b")!["id"]!.ToString();

        // Files into the cluster and out of it, from the node.
        string file = Path.Combine(node.RunDirectory, "web.yaml"), bad = Path.Combine(node.RunDirectory, "bad.yaml"), cluster = $"--kubeconfig {lab.Cluster.Kubeconfig}";
        await File.WriteAllTextAsync(file, Web);
        await File.WriteAllTextAsync(bad, Web.Replace("\"80\"", "\"70000\"", StringComparison.Ordinal));
        await ExpectAsync(node, $"policy import {bad} {cluster}", 1, "spec.ingress[0].toPorts[0].ports[0].port");
        await ExpectAsync(node, $"policy import {file} {cluster} --confirm-within 300s", 0, "default/web created; confirm until");
        Assert.Contains("confirm-until", (await lab.Client.GetAsync(KubeTypes.CiliumNetworkPolicies, "default", "web")).ToJsonString());
        await ExpectAsync(node, $"policy confirm {file} {cluster}", 0, "default/web confirmed");
        Assert.DoesNotContain("confirm-until", (await lab.Client.GetAsync(KubeTypes.CiliumNetworkPolicies, "default", "web")).ToJsonString());
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(a, web, "icmp", 0, false)];
        await lab.EventuallyAsync("imported", cells, c => c.From == a && c.Protocol == "tcp");

        await ExpectAsync(node, "policy selectors", 0, "app=a", identity);
        string revision = (await node.GetAsync("/v1/policy"))["revision"]!.ToString();
        await ExpectAsync(node, $"policy wait {revision}", 0, "");
        await ExpectAsync(node, "policy wait 100000 --max-wait-time 1s", 124, "not 100000");
        await ExpectAsync(node, $"policy trace default/a default/web:80 {cluster}", 0, "/spec/ingress/0", "ALLOWED");
        await ExpectAsync(node, $"policy trace default/b default/web:80 {cluster}", 1, "default deny", "DENIED");

        // Counters: what one probe adds is there, for allowed and refused.
        (long allowed, long denied) = await PacketsAsync(node, id);
        await lab.ExpectAsync("again", cells, c => c.From == a && c.Protocol == "tcp");
        await PolicyLab.UntilAsync("packets are counted", async () => await PacketsAsync(node, id) is var now && now.Allowed > allowed && now.Denied > denied ? "yes" : null);
        await ExpectAsync(node, "bpf policy get --all", 0, $"Endpoint ID: {id}", "80/TCP");
        await ExpectAsync(node, $"identity get {identity}", 0, "k8s:app=a");

        // Connections: forgotten, and judged anew in the middle of the stream.
        using (var stream = new EchoStream(a, web))
        {
            Assert.True(await stream.EchoAsync(30), node.Log);
            await ExpectAsync(node, "bpf ct list global", 0, web.Ip);
            await ExpectAsync(node, "bpf ct flush", 0, "connections forgotten");
            Assert.True(await stream.EchoAsync(60), node.Log);
        }

        await MonitorAsync(node, $"monitor --type policy-verdict --related-to {id}", cells, "policy-verdict", id);
        await MonitorAsync(node, $"monitor --type drop --related-to {id}", cells, "drop", id);
        await MonitorAsync(node, $"monitor --type trace --related-to {other}", [new(web, b, "udp", 53, false), new(web, b, "tcp", 80, false)], "trace", other);

        // Audit of one endpoint.
        await ExpectAsync(node, $"endpoint config {id}", 0, "PolicyAuditMode", "Disabled");
        await ExpectAsync(node, $"endpoint config {id} PolicyAuditMode=Enabled", 0, "");
        await ExpectAsync(node, $"endpoint config {id}", 0, "PolicyAuditMode", "Enabled");
        await lab.EventuallyAsync("audited", cells, _ => true);
        await ExpectAsync(node, $"endpoint config {id} PolicyAuditMode=Disabled", 0, "");
        await lab.EventuallyAsync("enforced again", cells, c => c.From == a && c.Protocol == "tcp");

        await ExpectAsync(node, $"policy delete {file} {cluster}", 0, "default/web deleted");
        await ExpectAsync(node, $"policy delete {file} {cluster}", 0, "default/web was not there");
        await lab.EventuallyAsync("deleted", cells, _ => true);

        foreach ((string command, int code, string text) in new[]
        {
            ("policy wait x", 2, "\"x\" is no revision"), ("policy wait 1 --max-wait-time soon", 2, "--max-wait-time"), ("policy get default/none", 1, "no policy \"default/none\""), ("policy import", 2, "needs FILE"),
            ($"policy import /nonexistent {cluster}", 1, "/nonexistent cannot be read"), ($"policy delete {Path.Combine(node.RunDirectory, "empty")} {cluster}", 1, "cannot be read"),
            ($"policy import {file} --confirm-within soon {cluster}", 2, "--confirm-within"), ("policy trace default/a", 2, ""), ("identity get x", 2, "\"x\" is no identity"), ("identity get 70000", 1, "no identity 70000"),
            ("endpoint config", 2, ""), ("endpoint config 4000000", 1, "no endpoint 4000000"), ($"endpoint config {id} Colour=red", 2, "\"Colour=red\" is no option"), ($"endpoint config {id} PolicyAuditMode=maybe", 2, "PolicyAuditMode"),
            ("bpf policy get", 2, ""), ("bpf policy get 4000000", 1, "no endpoint 4000000"), ("bpf ct flush everything", 2, ""), ("monitor --type nonsense", 2, "--type cannot be \"nonsense\""), ("monitor --related-to x", 2, "--related-to cannot be \"x\""),
        })
        {
            await ExpectAsync(node, command, code, text);
        }
    }

    /// <summary>Packets of the entries of an endpoint that allow and deny what comes in.</summary>
    private static async Task<(long Allowed, long Denied)> PacketsAsync(TestNode node, string endpoint)
    {
        (int code, string output) = await node.CiliumAsync($"bpf policy get {endpoint} -o json");
        Assert.True(code == 0, output);
        var entries = new List<JsonObject>();
        Collect(JsonNode.Parse(output), entries);
        long Sum(string policy) => entries.Where(e => (string?)e["policy"] == policy && ((string?)e["direction"] ?? "Ingress").Equals("ingress", StringComparison.OrdinalIgnoreCase)).Sum(e => (long?)e["packets"] ?? 0);
        return (Sum("Allow"), Sum("Deny"));
    }

    private static void Collect(JsonNode? node, List<JsonObject> entries)
    {
        switch (node)
        {
            case JsonObject entry when entry.ContainsKey("policy") && entry.ContainsKey("packets"):
                entries.Add(entry);
                break;
            case JsonObject document:
                document.ToList().ForEach(p => Collect(p.Value, entries));
                break;
            case JsonArray list:
                list.ToList().ForEach(n => Collect(n, entries));
                break;
        }
    }

    /// <summary>Events come while cells are probed, and all that come are about the endpoint.</summary>
    private static async Task MonitorAsync(TestNode node, string command, Cell[] cells, string text, string endpoint)
    {
        using Process monitor = node.StartWaggle($"cilium {command} -o json");
        try
        {
            Task<string?> line = monitor.StandardOutput.ReadLineAsync();
            for (long started = Stopwatch.GetTimestamp(); !line.IsCompleted;)
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), $"{command}: no event\n{node.Log}");
                await PolicyLab.CheckAsync(cells, _ => false);
            }

            string seen = await line ?? "";
            JsonNode fields = JsonNode.Parse(seen)!;
            Assert.True(fields.ToJsonString().Contains(text, StringComparison.Ordinal) && fields.ToJsonString().Contains(endpoint, StringComparison.Ordinal), $"{command}: {seen}");
            using (Process.Start("kill", ["-INT", monitor.Id.ToString(CultureInfo.InvariantCulture)]))
            {
            }

            await monitor.StandardOutput.ReadToEndAsync();
            await monitor.WaitForExitAsync();
            Assert.Equal(0, monitor.ExitCode);
        }
        finally
        {
            monitor.Kill(entireProcessTree: true);
        }
    }

    private static async Task ExpectAsync(TestNode node, string command, int code, params string[] texts)
    {
        (int got, string output) = await node.CiliumAsync(command);
        Assert.True(got == code && texts.All(t => output.Contains(t, StringComparison.Ordinal)), $"cilium {command}: {got}, should be {code} and say {string.Join(", ", texts)}\n{output}");
    }
}
