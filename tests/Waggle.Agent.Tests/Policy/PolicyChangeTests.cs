using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy;

/// <summary>What happens to packets while policies, labels, namespaces, pods and agents change.</summary>
public sealed class PolicyChangeTests
{
    private const string First = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: flip}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: a}}]}]
        """;

    private const string Second = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: flip}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
            - fromEndpoints: [{matchExpressions: [{key: app, operator: In, values: [a, nobody]}]}]
              toPorts: [{ports: [{port: "80", protocol: TCP}, {port: "1", endPort: 4000, protocol: UDP}]}]
            - {fromEndpoints: [{matchLabels: {app: a}}], icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]}
          ingressDeny: [{fromEndpoints: [{matchLabels: {app: b}}]}]
        """;

    [Fact]
    public async Task Flips_AThousand_NoAllowedPacketIsDroppedAndNoDeniedOnePasses()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(First);
        Assert.Empty(await PolicyLab.CheckAsync([new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false)], c => c.From == a));

        // Established flow, new flows, and somebody who never gets in.
        using Pings ping = new(a.Pod!, web.Ip, "0.005"), denied = new(b.Pod!, web.Ip, "0.005");
        using var stop = new CancellationTokenSource();
        Task<int> connects = ConnectAsync(a, web, true, stop.Token), refused = ConnectAsync(b, web, false, stop.Token);
        (JsonObject first, JsonObject second) = (SpecOf(First), SpecOf(Second));
        for (int i = 0; i < 1000; i++)
        {
            var patch = new JsonArray(new JsonObject { ["op"] = "replace", ["path"] = "/spec", ["value"] = (i % 2 == 0 ? second : first).DeepClone() });
            await lab.Client.PatchAsync(KubeTypes.CiliumNetworkPolicies, "default", "flip", KubePatch.Json(patch));
        }

        await stop.CancelAsync();
        string log = lab.Nodes[0].Log;
        Assert.True(await connects > 0, log);
        await refused;
        (int sent, int answered, int lost) = await ping.StopAsync();
        Assert.True(answered > 100 && lost == 0, $"a: {sent} sent, {answered} answered, {lost} lost\n{log}");
        (sent, answered, _) = await denied.StopAsync();
        Assert.True(sent > 100 && answered == 0, $"b: {sent} sent, {answered} answered\n{log}");
        JsonNode status = await lab.Nodes[0].GetAsync("/v1/tables/policy-subjects");
        Assert.True(status["rows"]!.AsArray().Max(r => (long)r!["revision"]!) > 20, status.ToJsonString());
    }

    [Fact]
    public async Task Kill9_DuringUpdates_ACompletePolicyHoldsAndTheLastOneWins()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(First);
        Cell[] cells = [new(a, web, "tcp", 80, false), new(a, web, "icmp", 0, false), new(b, web, "tcp", 80, false), new(b, web, "icmp", 0, false), new(web, b, "tcp", 80, false)];
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                await lab.ApplyAsync(i % 2 == 0 ? Second : First, wait: false);
            }

            node.KillAgent();
            await lab.ApplyAsync(round % 2 == 0 ? First : Second, wait: false);
            await lab.ExpectAsync($"without an agent, round {round}", cells, c => c.From == a || c.To == b);
            node.StartAgent();
            await node.WaitReadyAsync();
            await lab.ExpectAsync($"with a new agent, round {round}", cells, c => c.From == a || c.To == b);
        }

        node.KillAgent();
        string other = First.Replace("app: a", "app: b", StringComparison.Ordinal);
        await lab.ApplyAsync(other, wait: false);
        await lab.ExpectAsync("the old one holds", cells, c => c.From == a || c.To == b);
        node.StartAgent();
        await node.WaitReadyAsync();
        await lab.ApplyAsync(other);
        await lab.ExpectAsync("the new one holds", cells, c => c.From == b || c.To == b);
    }

    [Fact]
    public async Task LabelsAndNamespaces_ChangedWhilePodsRun_PolicyFollows()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2);
        await lab.NamespaceAsync("blue", ("team", "blue"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), near = await lab.AddPodAsync(0, "default", "near", [("app", "x")]), far = await lab.AddPodAsync(1, "blue", "far", [("app", "x")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p}
            spec:
              endpointSelector: {matchLabels: {app: web}}
              ingress:
                - fromEndpoints: [{matchLabels: {role: friend}}]
                - fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": green}}]
            """);
        Cell[] cells = [new(near, web, "tcp", 80, false), new(far, web, "tcp", 80, false), new(near, web, "icmp", 0, false), new(far, web, "icmp", 0, false), new(web, near, "tcp", 80, false)];
        await lab.ExpectAsync("strangers", cells, c => c.From == web);

        string before = await lab.IdentityAsync(near);
        await lab.LabelAsync(near, "role", "friend");
        await PolicyLab.UntilAsync("another identity", async () => await lab.IdentityAsync(near) != before ? "yes" : null);
        await lab.WaitIdentitiesAsync();
        await lab.ExpectAsync("a friend", cells, c => c.From == web || c.From == near);

        before = await lab.IdentityAsync(far);
        await lab.NamespaceAsync("blue", ("team", "green"));
        await PolicyLab.UntilAsync("another identity", async () => await lab.IdentityAsync(far) != before ? "yes" : null);
        await lab.WaitIdentitiesAsync();
        await lab.ExpectAsync("a green namespace", cells, _ => true);

        before = await lab.IdentityAsync(near);
        await lab.LabelAsync(near, "role", null);
        await PolicyLab.UntilAsync("another identity", async () => await lab.IdentityAsync(near) != before ? "yes" : null);
        await lab.WaitIdentitiesAsync();
        await lab.ExpectAsync("no friend any more", cells, c => c.From != near);

        // The address of a pod that went must not carry its rights to the next one.
        await lab.RemovePodAsync(far);
        Peer next = await lab.AddPodAsync(1, "default", "next", [("app", "x")]);
        await lab.WaitIdentitiesAsync();
        await lab.ExpectAsync("a newcomer", [new(next, web, "tcp", 80, false), new(web, next, "tcp", 80, false)], c => c.From == web);
    }

    [Fact]
    public async Task Connections_PolicyThatDeniesThem_CutsAndGivesBack()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), near = await lab.AddPodAsync(0, "default", "near", [("app", "x")]), far = await lab.AddPodAsync(1, "default", "far", [("app", "x")]);
        await lab.WaitIdentitiesAsync();
        using EchoStream one = new(near, web), two = new(far, web);
        Assert.True(await one.EchoAsync(30) && await two.EchoAsync(30), lab.Nodes[0].Log);
        const string deny = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: deny}
            spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
            """;
        await lab.ApplyAsync(deny);
        Assert.False(await one.EchoAsync(2) || await two.EchoAsync(2), lab.Nodes[0].Log);
        await lab.DeleteAsync(deny);
        Assert.True(await one.WaitEchoAsync() && await two.WaitEchoAsync(), lab.Nodes[0].Log); // TCP sends again what was lost
    }

    private static JsonObject SpecOf(string yaml) => Waggle.Kube.Json.KubeYaml.ReadAll(new StringReader(yaml)).Single()["spec"]!.AsObject();

    private static async Task<int> ConnectAsync(Peer from, Peer to, bool allowed, CancellationToken cancellation)
    {
        int count = 0;
        while (!cancellation.IsCancellationRequested)
        {
            string got = await from.Prober!.TryAsync("tcp", to.Ip, 80, allowed ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(500));
            Assert.Equal(allowed, got == "ok");
            count++;
        }

        return count;
    }
}
