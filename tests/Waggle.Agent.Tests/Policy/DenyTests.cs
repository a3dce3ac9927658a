using System.Diagnostics;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.Policy;

/// <summary>What a denied sender hears, what becomes of its connections, and whether a node reaches its own pods: settings of the cluster, changed live.</summary>
public sealed class DenyTests
{
    private const string Deny = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny}
        spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
        """;

    [Fact]
    public async Task OnDeny_KeepDrainAndCut_EstablishedConnectionsEndAsConfigured()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2, ("policy-on-deny", "keep"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), near = await lab.AddPodAsync(0, "default", "near", [("app", "x")]), far = await lab.AddPodAsync(1, "default", "far", [("app", "x")]);
        await lab.WaitIdentitiesAsync();
        Cell[] opening = [new(near, web, "tcp", 80, false), new(far, web, "tcp", 80, false), new(near, web, "icmp", 0, false)];
        using EchoStream one = new(near, web), two = new(far, web);
        Assert.True(await one.EchoAsync(30) && await two.EchoAsync(30), lab.Nodes[0].Log);

        // Keep: nobody gets in, those who are in stay.
        await lab.ApplyAsync(Deny);
        await lab.ExpectAsync("keep, new connections", opening, _ => false);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await one.EchoAsync(30) && await two.EchoAsync(30), $"kept, {i}\n{lab.Nodes[0].Log}");
        }

        // The setting itself takes effect on those who were kept.
        await lab.SetAsync("policy-on-deny", "cut");
        await PolicyLab.UntilAsync("the kept connections end", async () => !await one.EchoAsync(2) && !await two.EchoAsync(2) ? "yes" : null);

        // Drain: some time is left, then it is over.
        await lab.DeleteAsync(Deny);
        await lab.SetAsync("policy-on-deny", "drain");
        await lab.SetAsync("policy-drain-time", "8s");
        await WaitConfigAsync(lab, "policy-drain-time", "8s");
        for (int attempt = 0; ; attempt++)
        {
            Assert.True(await one.EchoAsync(60) && await two.EchoAsync(60), lab.Nodes[0].Log);
            long denied = Stopwatch.GetTimestamp();
            await lab.ApplyAsync(Deny);
            bool left = await one.EchoAsync(20) && await two.EchoAsync(20);
            if (left)
            {
                break;
            }

            // A machine that needed all of the time for these steps says nothing about draining.
            Assert.True(Stopwatch.GetElapsedTime(denied) > TimeSpan.FromSeconds(8) && attempt < 5, $"cut at once\n{lab.Nodes[0].Log}");
            await lab.DeleteAsync(Deny);
        }

        await lab.ExpectAsync("drain, new connections", opening, _ => false);
        await PolicyLab.UntilAsync("the drained connections end", async () => !await one.EchoAsync(2) && !await two.EchoAsync(2) ? "yes" : null);

        // What ended is given back with the permission.
        await lab.DeleteAsync(Deny);
        Assert.True(await one.WaitEchoAsync() && await two.WaitEchoAsync(), lab.Nodes[0].Log);
    }

    [Fact]
    public async Task DenyResponse_ChangedLive_SendersHearNothingIcmpOrAReset()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2, ("enable-ipv6", "true"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), near = await lab.AddPodAsync(0, "default", "near", [("app", "x")]), far = await lab.AddPodAsync(1, "default", "far", [("app", "x")]);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Deny);
        foreach ((string mode, string tcp, string other) in new[] { ("none", "timeout", "timeout"), ("icmp", "unreachable", "unreachable"), ("reset", "reset", "unreachable") })
        {
            await lab.SetAsync("policy-deny-response", mode);
            await Task.WhenAll(from peer in new[] { near, far } from v6 in new[] { false, true } from port in new[] { ("tcp", 80), ("udp", 53), ("icmp", 0) } select HearsAsync(peer, v6, port.Item1, port.Item2));

            Task HearsAsync(Peer from, bool v6, string protocol, int port)
            {
                string expected = protocol == "tcp" ? tcp : other;
                return PolicyLab.UntilAsync($"{mode}: {from.Name} hears {expected} of {protocol} {(v6 ? "IPv6" : "IPv4")}", async () =>
                    await from.Prober!.TryAsync(protocol, v6 ? web.Ip6 : web.Ip, port, TimeSpan.FromSeconds(2)) == expected ? expected : null);
            }
        }
    }

    [Fact]
    public async Task AllowLocalhost_Policy_TheNodeReachesItsPodsOnlyAsPolicySays()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), node = await lab.AddNodeAsync(0);
        await lab.WaitIdentitiesAsync();
        await lab.ApplyAsync(Deny);
        Cell[] cells = [new(node, web, "tcp", 80, false), new(node, web, "icmp", 0, false), new(web, node, "tcp", 8080, false)];
        await lab.ExpectAsync("auto", cells, _ => true);
        await lab.SetAsync("allow-localhost", "policy");
        await lab.EventuallyAsync("policy", cells, c => c.To == node);

        const string allow = """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: host}
            spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEntities: [host], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}
            """;
        await lab.ApplyAsync(allow);
        await lab.ExpectAsync("as policy says", cells, c => c.To == node || c.Protocol == "tcp");
        await lab.DeleteAsync(allow);
        await lab.SetAsync("allow-localhost", "always");
        await lab.EventuallyAsync("always", cells, _ => true);
    }

    private static Task WaitConfigAsync(PolicyLab lab, string key, string value) => PolicyLab.UntilAsync($"{key} is {value} on every node", async () =>
    {
        foreach (TestNode node in lab.Nodes)
        {
            if ((await node.TryGetAsync("/v1/tables/config"))?["rows"]!.AsArray().Any(r => PolicyLab.Text(r!, "key") == key && PolicyLab.Text(r!, "value") == value) != true)
            {
                return null;
            }
        }

        return "yes";
    });
}
