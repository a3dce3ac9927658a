using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Policy;

/// <summary>A node whose maps are full: what is in force stays whole, everybody is told, and it converges when there is room again.</summary>
public sealed class LimitsTests
{
    private const int Most = 1024;
    private static readonly (string, string)[] s_small = [("bpf-policy-map-max", $"{Most}"), ("bpf-policy-rules-map-max", $"{Most}")];

    [Fact]
    public async Task Policy_ThatDoesNotFit_TheLastCompleteOneHoldsAndItIsTold()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1, s_small);
        TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Policy("a", ""));
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(b, web, "icmp", 0, false), new(web, b, "udp", 53, false)];
        await lab.ExpectAsync("a policy that fits", cells, c => c.From != b);
        using var stream = new EchoStream(a, web);
        Assert.True(await stream.EchoAsync(30), node.Log);

        // Too many ports, then too many peers: twice the same story.
        foreach ((string what, string more) in new[]
        {
            ("ports", string.Join('\n', Enumerable.Range(0, 40).Select(i => $"    - {{fromEntities: [world], toPorts: [{{ports: [{string.Join(", ", Enumerable.Range(0, 40).Select(p => $"{{port: \"{2001 + (((i * 40) + p) * 2)}\", protocol: TCP}}"))}]}}]}}"))),
            ("peers", $"    - fromCIDR: [{string.Join(", ", Enumerable.Range(0, Most + 100).Select(i => $"20.0.{i / 256}.{i % 256}/32"))}]"),
        })
        {
            await lab.ApplyAsync(Policy("b", more), wait: false);
            await ProblemAsync(lab, $"{what} are needed");
            await lab.ExpectAsync($"too many {what}", cells, c => c.From != b);
            Assert.True(await stream.EchoAsync(30), node.Log);
            await PolicyLab.UntilAsync("the policy says it", async () =>
            {
                JsonObject? policy = await lab.Client.TryGetAsync(KubeTypes.CiliumNetworkPolicies, "default", "p");
                JsonNode? realized = (policy?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == "Realized");
                return (string?)realized?["status"] == "False" && ((string?)realized["message"])!.Contains(what, StringComparison.Ordinal) ? policy : null;
            });
            await PolicyLab.UntilAsync("the pod's Event", async () =>
                (await lab.Client.ListAsync(ResourceType.Untyped("", "v1", "events", "Event", true), "default")).Items.FirstOrDefault(e =>
                    (string?)e["reason"] == "PolicyNotRealized" && (string?)e["involvedObject"]?["name"] == "web" && ((string?)e["message"])!.Contains(what, StringComparison.Ordinal)));
            await MetricAsync(node, "cilium_policy_endpoints_behind 1");
            (int code, string output) = await node.WaggleAsync("limits");
            Assert.True(code == 4 && output.Contains("are asked for, there is room for 1024", StringComparison.Ordinal) && output.Contains(what == "peers" ? "bpf-policy-map-max" : "bpf-policy-rules-map-max", StringComparison.Ordinal), output);

            // A pod that has no policy yet must not start without it; one that shares the policy of before does.
            await lab.Cluster.CreatePodAsync(node, "default", $"late-{what}", [("app", "web"), ("new", what)]);
            TestPod late = await node.AddContainerAsync($"late-{what}", $"late-{what}");
            (code, JsonNode? refused) = await late.CniAsync("ADD", "3");
            Assert.True(code != 0 && refused!.ToJsonString().Contains($"{what} are needed", StringComparison.Ordinal), refused?.ToJsonString());

            // Room again.
            await lab.ApplyAsync(Policy("b", ""));
            await lab.ExpectAsync("it fits", cells, c => c.From != a);
            await MetricAsync(node, "cilium_policy_endpoints_behind 0");
            Assert.Equal(0, (await node.WaggleAsync("limits")).Code);
            await late.AddAsync();
            await late.CniAsync("DEL");
            await lab.ApplyAsync(Policy("a", ""));
            Assert.True(await stream.EchoAsync(60), node.Log);
        }
    }

    [Fact]
    public async Task Flood_OfIdentities_IsBoundedAndOpensNothing()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1, s_small);
        TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p}
            spec:
              endpointSelector: {matchLabels: {app: web}}
              ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [b]}]}]}]
            """);
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(web, b, "udp", 53, false)];
        await lab.ExpectAsync("before", cells, c => c.From != b);

        // Labels that somebody makes up, one pod after the other.
        const int flood = Most + 200;
        await Parallel.ForAsync(0, flood, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, cancellation) => await lab.Client.CreateAsync(
            KubeTypes.CiliumIdentities,
            new CiliumIdentity
            {
                Metadata = new ObjectMeta { Name = (30000 + i).ToString(CultureInfo.InvariantCulture) },
                SecurityLabels = new Dictionary<string, string> { ["k8s:app"] = "flood", ["k8s:n"] = $"{i}", ["k8s:io.kubernetes.pod.namespace"] = "default", ["k8s:io.cilium.k8s.policy.cluster"] = "default" },
            },
            cancellation: cancellation));
        await ProblemAsync(lab, "peers are needed");
        await lab.ExpectAsync("in the flood", cells, c => c.From != b);
        (int code, string output) = await node.WaggleAsync("limits -o json");
        JsonNode peers = JsonNode.Parse(output[output.IndexOf('[')..(output.LastIndexOf(']') + 1)])!.AsArray().Single(l => (string?)l!["limit"] == "rows of map policy_peers")!;
        Assert.True(code == 4 && (long)peers["used"]! <= Most && (long)peers["asked"]! > Most, output);

        // Somebody who comes now finds no room: refused like everybody without a row, not let in by chance.
        Peer late = await lab.AddPodAsync(0, "default", "late", [("app", "late")]);
        Cell[] his = [new(late, web, "tcp", 80, false), new(late, b, "tcp", 80, false)];
        await lab.ExpectAsync("a latecomer", his, c => c.To == b);

        // The flood goes: he is let in.
        await Parallel.ForAsync(0, flood, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, cancellation) =>
            await lab.Client.TryDeleteAsync(KubeTypes.CiliumIdentities, null, (30000 + i).ToString(CultureInfo.InvariantCulture), cancellation: cancellation));
        await lab.EventuallyAsync("after the flood", [.. cells, .. his], c => c.From != b);
        await MetricAsync(node, "cilium_policy_endpoints_behind 0");
    }

    [Fact]
    public async Task Flood_OfPrefixes_HoldsBackThePolicyThatNamesThemAndNoOther()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), outside = await lab.AddOutsideAsync();
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Egress("p", "192.0.2.0/24"));
        Cell[] cells = [new(web, outside, "tcp", 80, false), new(web, outside, "icmp", 0, false)];
        await lab.ExpectAsync("only elsewhere", cells, _ => false);

        string all = string.Join(", ", Enumerable.Range(0, 33000).Select(i => $"30.{i / 65536}.{i / 256 % 256}.{i % 256}/32"));
        await lab.ApplyAsync($"{{apiVersion: cilium.io/v2alpha1, kind: CiliumCIDRGroup, metadata: {{name: flood}}, spec: {{externalCIDRs: [{all}]}}}}");
        await PolicyLab.UntilAsync("the group is known", async () =>
            (await node.TryGetAsync("/v1/tables/cidr-groups"))?["rows"]!.AsArray().FirstOrDefault(r => PolicyLab.Text(r!, "name") == "flood"));
        await lab.ApplyAsync("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: flood}
            spec: {endpointSelector: {matchLabels: {app: web}}, egress: [{toCIDRSet: [{cidrGroupRef: flood}]}, {toEntities: [world]}]}
            """, wait: false);
        await PolicyLab.UntilAsync("the policy is held back", async () =>
            (await node.TryGetAsync("/v1/tables/policy-status"))?["rows"]!.AsArray().FirstOrDefault(r => (string?)r!["policy"] == "CiliumNetworkPolicy default/flood" && ((string?)r["problem"])!.Contains("prefixes", StringComparison.Ordinal)));
        await lab.ExpectAsync("held back whole", cells, _ => false);

        // Others name prefixes as before.
        await lab.ApplyAsync(Egress("q", "172.18.0.1/32"));
        await lab.ExpectAsync("another policy", cells, _ => true);
        await lab.DeleteAsync(Egress("q", "172.18.0.1/32"));
        await lab.ExpectAsync("without it", cells, _ => false);

        // Room again: what was held back comes into force by itself.
        await lab.ApplyAsync("{apiVersion: cilium.io/v2alpha1, kind: CiliumCIDRGroup, metadata: {name: flood}, spec: {externalCIDRs: [30.0.0.0/8]}}");
        await lab.EventuallyAsync("in force", cells, _ => true);
    }

    [Fact]
    public async Task Restart_WithMapsThreeQuartersFull_ReplacesTableByTable()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1, s_small);
        TestNode node = lab.Nodes[0];
        const int servers = 4;
        Peer client = await lab.AddPodAsync(0, "default", "client", [("app", "client")]), other = await lab.AddPodAsync(0, "default", "other", [("app", "other")]);
        var pods = new List<Peer>();
        for (int i = 0; i < servers; i++)
        {
            pods.Add(await lab.AddPodAsync(0, "default", $"web{i}", [("app", $"web{i}")]));
        }

        // Prefixes of their own, so that no two share a table: 190 rows of peers each, and no room for two sets of them.
        await lab.WaitIdentitiesAsync();
        for (int i = 0; i < servers; i++)
        {
            await lab.ApplyAsync(Server(i, "client"));
        }

        Cell[] cells = [.. pods.SelectMany(web => new Cell[] { new(client, web, "tcp", 80, false), new(other, web, "tcp", 80, false) })];
        await lab.ExpectAsync("before", cells, c => c.From == client);
        (int code, string output) = await node.WaggleAsync("limits -o json");
        JsonNode peers = JsonNode.Parse(output[output.IndexOf('[')..(output.LastIndexOf(']') + 1)])!.AsArray().Single(l => (string?)l!["limit"] == "rows of map policy_peers")!;
        Assert.True((long)peers["used"]! > Most * 7 / 10, output);
        string before = await TablesAsync(node);

        // While nobody looks, the first server's policy changes.
        node.KillAgent();
        await lab.ApplyAsync(Server(0, "other"), wait: false);
        node.StartAgent();
        await node.WaitReadyAsync();
        await MetricAsync(node, "cilium_policy_endpoints_behind 0");
        await lab.EventuallyAsync("after", cells, c => c.From == (c.To == pods[0] ? other : client));

        // All of them have tables of the new agent's.
        Assert.NotEqual(before, await TablesAsync(node));
        (code, output) = await node.WaggleAsync("limits");
        Assert.True(code == 0, output);
    }

    private static string Server(int number, string from) => $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web{{{number}}}}
        spec:
          endpointSelector: {matchLabels: {app: web{{{number}}}}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: {{{from}}}}}]
            - fromCIDR: [{{{string.Join(", ", Enumerable.Range(0, 190).Select(i => $"20.{number}.0.{i}/32"))}}}]
        """;

    private static async Task<string> TablesAsync(TestNode node) => (await node.GetAsync("/v1/tables/policy-subjects"))["rows"]!.ToJsonString();

    private static string Egress(string name, string cidr) => $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: {{{name}}}}
        spec: {endpointSelector: {matchLabels: {app: web}}, egress: [{toCIDR: ["{{{cidr}}}"]}]}
        """;

    private static string Policy(string app, string more) => $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: {{{app}}}}}]
        {{{more}}}
        """;

    private static async Task ProblemAsync(PolicyLab lab, string text)
    {
        string last = "";
        long started = Stopwatch.GetTimestamp();
        do
        {
            JsonArray? rows = (await lab.Nodes[0].TryGetAsync("/v1/tables/policy-status"))?["rows"]!.AsArray();
            last = rows?.ToJsonString() ?? last;
            if (rows?.Any(r => ((string?)r!["problem"])!.Contains(text, StringComparison.Ordinal)) == true)
            {
                return;
            }

            await Task.Delay(50);
        }
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60));
        Assert.Fail($"no problem \"{text}\": {last}\n{lab.Nodes[0].Log}");
    }

    private static Task<string> MetricAsync(TestNode node, string line) => PolicyLab.UntilAsync(line, async () =>
        (await node.RunAsync("curl -s localhost:9962/metrics")).Output.Split('\n').FirstOrDefault(l => l == line));
}
