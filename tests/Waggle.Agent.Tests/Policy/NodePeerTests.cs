using System.Text.Json.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy;

/// <summary>fromNodes and toNodes: other nodes told apart by their labels, in both families and both routings.</summary>
public sealed class NodePeerTests
{
    private const string Policy = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        specs:
          - endpointSelector: {matchLabels: {app: web}}
            ingress: [{fromNodes: [{matchLabels: {zone: blue}}]}]
          - endpointSelector: {matchLabels: {app: db}}
            egress: [{toNodes: [{matchExpressions: [{key: zone, operator: NotIn, values: [blue]}]}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]
            egressDeny: [{toNodes: [{matchLabels: {zone: green}}]}]
        """;

    [Theory]
    [InlineData("tunnel")]
    [InlineData("native")]
    public async Task Nodes_AreToldApartByLabel_AlsoWhenLabelsChangeAndTheAgentRestarts(string routing)
    {
        (string, string)[] native = routing == "tunnel" ? [] :
        [
            ("auto-direct-node-routes", "true"), ("ipv4-native-routing-cidr", "10.0.0.0/8"), ("ipv6-native-routing-cidr", "fd00::/64"), ("enable-ipv4-masquerade", "false"), ("enable-ipv6-masquerade", "false"),
        ];
        await using PolicyLab lab = await PolicyLab.StartAsync(3, [("enable-ipv6", "true"), ("enable-node-selector-labels", "true"), ("routing-mode", routing), .. native]);
        await ZoneAsync(lab, "node1", "blue");
        await ZoneAsync(lab, "node2", "red");
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), db = await lab.AddPodAsync(0, "default", "db", [("app", "db")]);
        Peer node1 = await lab.AddNodeAsync(1), node2 = await lab.AddNodeAsync(2);
        await lab.WaitIdentitiesAsync();
        await KnownAsync(lab, "node1", "node:zone=blue");
        await KnownAsync(lab, "node2", "node:zone=red");
        (string, int)[] tcpAndPing = [("tcp", 80), ("icmp", 0)], twoPorts = [("tcp", 80), ("tcp", 8080)];
        Cell[] cells =
        [
            .. from node in new[] { node1, node2 } from v6 in new[] { false, true } from port in tcpAndPing select new Cell(node, web, port.Item1, port.Item2, v6),
            .. from node in new[] { node1, node2 } from v6 in new[] { false, true } from port in twoPorts select new Cell(db, node, port.Item1, port.Item2, v6),
        ];
        await lab.ExpectAsync("without a policy", cells, _ => true);
        await lab.ApplyAsync(Policy);
        Func<Cell, bool> expected = c => c.To == web ? c.From == node1 : c.To == node2 && c.Port == 80;
        await lab.ExpectAsync("with it", cells, expected);
        if (routing == "native")
        {
            return; // what follows has nothing to do with the routing
        }

        // Numbers survive a restart: nobody passes for another, and nobody is cut off.
        string before = await NumberAsync(lab, "node1");
        lab.Nodes[0].KillAgent();
        lab.Nodes[0].StartAgent();
        await lab.Nodes[0].WaitReadyAsync();
        await lab.ExpectAsync("after a restart", cells, expected);
        Assert.Equal(before, await NumberAsync(lab, "node1"));

        // Another zone, another identity: ingress follows, and a deny wins.
        await ZoneAsync(lab, "node1", "green");
        await ZoneAsync(lab, "node2", "blue");
        await KnownAsync(lab, "node1", "node:zone=green");
        await KnownAsync(lab, "node2", "node:zone=blue");
        await lab.ExpectAsync("with other labels", cells, c => c.To == web && c.From == node2);
    }

    [Fact]
    public async Task WithoutTheKey_OtherNodesAreOne_AndTheStatusSaysSo()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2);
        await ZoneAsync(lab, "node1", "blue");
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), node1 = await lab.AddNodeAsync(1);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Policy);
        await lab.ExpectAsync("nobody has the label", [new Cell(node1, web, "tcp", 80, false)], _ => false);
        await PolicyLab.UntilAsync("condition NodesToldApart", async () =>
            ((await lab.Client.TryGetAsync(KubeTypes.CiliumNetworkPolicies, "default", "p"))?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == "NodesToldApart" && (string?)c["status"] == "False"));
        (int code, string output) = await lab.Nodes[0].CiliumAsync("policy get p");
        Assert.True(code == 0 && output.Contains("set enable-node-selector-labels", StringComparison.Ordinal), output);
    }

    private static Task ZoneAsync(PolicyLab lab, string node, string zone) =>
        lab.Client.PatchAsync(KubeTypes.Nodes, null, node, KubePatch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["zone"] = zone } } }));

    private static async Task<string> NumberAsync(PolicyLab lab, string node) => Text((await RowsAsync(lab, "node-identities")).Single(r => Text(r, "Node") == node), "Identity")!;

    /// <summary>Waits until the first node's kernel has all of a node's addresses under an identity with the label.</summary>
    private static Task KnownAsync(PolicyLab lab, string node, string label) => PolicyLab.UntilAsync($"{node} has {label}", async () =>
    {
        string? number = (await RowsAsync(lab, "node-identities")).Where(r => Text(r, "Node") == node).Select(r => Text(r, "Identity")).FirstOrDefault();
        if (number is null || !(await RowsAsync(lab, "identities")).Any(r => Text(r, "Id") == number && r!["labels"]!.AsArray().Any(l => (string?)l == label)))
        {
            return null;
        }

        JsonNode row = (await RowsAsync(lab, "nodes")).Single(r => Text(r, "Name") == node)!;
        string?[] addresses = [Text(row, "ipv4"), Text(row, "ipv6"), Text(row, "routerIPv4"), Text(row, "routerIPv6")];
        (int code, string output) = await lab.Nodes[0].CiliumAsync("bpf ipcache list -o json");
        return code == 0 && JsonNode.Parse(output) is JsonArray kernel
            && addresses.All(a => a is null || kernel.Any(k => ((string)k!["prefix"]!).Split('/')[0] == a && k["identity"]!.ToString() == number)) ? "known" : null;
    });

    private static async Task<JsonArray> RowsAsync(PolicyLab lab, string table) => (await lab.Nodes[0].TryGetAsync($"/v1/tables/{table}"))?["rows"]?.AsArray() ?? [];

    private static string? Text(JsonNode? row, params string[] names) => names.SelectMany(n => new[] { n, char.ToLowerInvariant(n[0]) + n[1..] }).Select(n => row![n]?.ToString()).FirstOrDefault(t => t is not null);
}
