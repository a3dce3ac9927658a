using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Cluster;

public sealed class MulticastTests
{
    [Fact]
    public async Task Groups_SendersAndReceiversOnTwoNodes_EachGetsExactlyItsOwn()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, ("multicast-enabled", "true"));
        await GroupAsync(cluster, "g", "225.0.0.11", "225.0.0.21");
        TestPod a = await cluster.Nodes[0].AddPodAsync("a"), b = await cluster.Nodes[0].AddPodAsync("b"), c = await cluster.Nodes[1].AddPodAsync("c");
        using var listenB = new Listener(b, "225.0.0.11");
        using var listenC = new Listener(c, "225.0.0.11");
        using var other = new Listener(b, "225.0.0.21", "UDP4-RECV:8888,reuseaddr,ip-add-membership={0}:0.0.0.0"); // the kernel gives one port's sockets all groups of the host
        await MembersAsync(cluster.Nodes[0], "225.0.0.11 local default/b", "225.0.0.11 remote node1", "225.0.0.21 local default/b");
        await MembersAsync(cluster.Nodes[1], "225.0.0.11 local default/c", "225.0.0.11 remote node0", "225.0.0.21 remote node0");

        await SendAsync(a.RunAsync, "225.0.0.11", "from a");
        await SendAsync(c.RunAsync, "225.0.0.21", "from c", 8888);
        await SendAsync(cluster.Nodes[1].RunAsync, "225.0.0.11", "from node 1");
        Assert.Equal(["from a", "from node 1"], await listenB.TakeAsync(2));
        Assert.Equal(["from a", "from node 1"], await listenC.TakeAsync(2));
        Assert.Equal(["from c"], await other.TakeAsync(1));

        string metrics = (await cluster.Nodes[0].RunAsync("curl -s localhost:9962/metrics")).Output;
        Assert.Contains($"cilium_multicast_sent_packets_total{{group=\"225.0.0.11\",source=\"{a.Ip}\",source_namespace=\"default\",source_pod=\"a\"}} 1", metrics);
        Assert.Contains($"destination=\"{b.Ip}\",destination_namespace=\"default\",destination_pod=\"b\"", metrics);
        Assert.Contains("destination_node=\"node1\"", metrics);

        Assert.Equal(0, (await b.CniAsync("DEL")).Code);
        await MembersAsync(cluster.Nodes[0], "225.0.0.11 remote node1");
        await MembersAsync(cluster.Nodes[1], "225.0.0.11 local default/c");
    }

    [Fact]
    public async Task Enable_WhileListenersRun_TheyAreFoundWithoutJoiningAgain()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        cluster.Expect(DropReason.MulticastDisabled, DropReason.MulticastUnconfigured); // what becomes of the first reports
        TestPod a = await cluster.Nodes[0].AddPodAsync("a"), b = await cluster.Nodes[0].AddPodAsync("b");
        using var listen = new Listener(b, "225.0.0.50");
        var patch = new JsonObject { ["data"] = new JsonObject { ["multicast-enabled"] = "true" } };
        await cluster.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(patch));
        await GroupAsync(cluster, "late", "225.0.0.50");
        await MembersAsync(cluster.Nodes[0], "225.0.0.50 local default/b");
        await SendAsync(a.RunAsync, "225.0.0.50", "hello");
        Assert.Equal(["hello"], await listen.TakeAsync(1));
    }

    [Fact]
    public async Task Ipv6_NativeRouting_ReachesMembersOnBothNodes()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            2, ("multicast-enabled", "true"), ("enable-ipv6", "true"), ("routing-mode", "native"), ("auto-direct-node-routes", "true"), ("ipv4-native-routing-cidr", "10.0.0.0/8"));
        await GroupAsync(cluster, "g", "ff0e::11", "225.0.0.11");
        TestPod a = await cluster.Nodes[0].AddPodAsync("a"), b = await cluster.Nodes[0].AddPodAsync("b"), c = await cluster.Nodes[1].AddPodAsync("c");
        using var near = new Listener(b, "[ff0e::11]:eth0", "UDP6-RECV:7777,reuseaddr,ipv6-join-group={0}");
        using var far = new Listener(c, "[ff0e::11]:eth0", "UDP6-RECV:7777,reuseaddr,ipv6-join-group={0}");
        using var far4 = new Listener(c, "225.0.0.11", "UDP4-RECV:8888,reuseaddr,ip-add-membership={0}:0.0.0.0");
        await MembersAsync(cluster.Nodes[0], "ff0e::11 local default/b", "ff0e::11 remote node1", "225.0.0.11 remote node1");
        await MembersAsync(cluster.Nodes[1], "ff0e::11 local default/c", "ff0e::11 remote node0", "225.0.0.11 local default/c");
        (int code, string output) = await a.RunAsync("echo six | socat - UDP6-DATAGRAM:[ff0e::11]:7777");
        Assert.True(code == 0, output);
        await SendAsync(a.RunAsync, "225.0.0.11", "four", 8888);
        Assert.Equal(["six"], await near.TakeAsync(1));
        Assert.Equal(["six"], await far.TakeAsync(1));
        Assert.Equal(["four"], await far4.TakeAsync(1));
    }

    [Fact]
    public async Task SourceSpecific_OnlyTheSendersNodeOfAWantedSource_SendsCopies()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, ("multicast-enabled", "true"));
        TestNode sending = cluster.Nodes[0];
        TestPod a = await sending.AddPodAsync("a"), b = await sending.AddPodAsync("b"), c = await cluster.Nodes[1].AddPodAsync("c");
        await GroupAsync(cluster, "g", "232.1.1.1");
        using (Listener ssm = Listener.OfSource(c, "232.1.1.1", a.Ip))
        {
            await MembersAsync(sending, "232.1.1.1 remote node1");
            await SourcesAsync(sending, [a.Ip]);
            await SendAsync(b.RunAsync, "232.1.1.1", "unwanted");
            await SendAsync(a.RunAsync, "232.1.1.1", "wanted");
            Assert.Equal(["wanted"], await ssm.TakeAsync(1));

            // Somebody who wants everything joins and leaves again: the filter goes and comes back.
            TestPod d = await cluster.Nodes[1].AddPodAsync("d");
            using (var any = new Listener(d, "232.1.1.1"))
            {
                await SourcesAsync(sending, []);
                await SendAsync(b.RunAsync, "232.1.1.1", "for d");
                Assert.Equal(["for d"], await any.TakeAsync(1));
                Assert.Empty(await ssm.TakeAsync(0));
            }

            await SourcesAsync(sending, [a.Ip]);
        }

        await MembersAsync(sending);
    }

    [Fact]
    public async Task Querier_MemberThatFallsSilent_AgesOut()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            1, ("multicast-enabled", "true"), ("multicast-query-interval", "1s"), ("multicast-query-response-interval", "200ms"), ("multicast-robustness", "2"));
        TestNode node = cluster.Nodes[0];
        await GroupAsync(cluster, "g", "225.0.0.11", "225.0.0.12");
        TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b");
        using var stays = new Listener(a, "225.0.0.11");
        using var falls = new Listener(b, "225.0.0.12");
        await MembersAsync(node, "225.0.0.11 local default/a", "225.0.0.12 local default/b");
        Assert.Equal(0, (await b.RunAsync("ip link set eth0 down")).Code); // no leave: it just does not answer any more
        await MembersAsync(node, "225.0.0.11 local default/a");
    }

    [Fact]
    public async Task Leave_AskFirst_RemovesTheMemberWhenNobodyAnswers()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1, ("multicast-enabled", "true"), ("multicast-fast-leave", "false"), ("multicast-last-member-query-interval", "200ms"));
        TestNode node = cluster.Nodes[0];
        await GroupAsync(cluster, "g", "225.0.0.11");
        TestPod a = await node.AddPodAsync("a");
        using (new Listener(a, "225.0.0.11"))
        {
            await MembersAsync(node, "225.0.0.11 local default/a");
        }

        await MembersAsync(node);
    }

    [Fact]
    public async Task Groups_MoreThanTheLimit_AreRefusedByName()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1, ("multicast-enabled", "true"), ("multicast-max-groups", "2"));
        await GroupAsync(cluster, "g", "225.0.0.1", "225.0.0.2", "225.0.0.3");
        string message = "";
        for (long started = Stopwatch.GetTimestamp(); !message.Contains("limit of 2 groups", StringComparison.Ordinal) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60); await Task.Delay(50))
        {
            message = (await cluster.Nodes[0].TryGetAsync("/v1/status"))?.ToJsonString() ?? message;
        }

        Assert.Contains("limit of 2 groups", message);
        Assert.Contains("multicast-max-groups", message);
    }

    internal static async Task GroupAsync(TestCluster cluster, string name, params string[] groups)
    {
        // The operator installs the type.
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                await cluster.Client.CreateAsync(KubeTypes.IsovalentMulticastGroups, new IsovalentMulticastGroup { Metadata = new ObjectMeta { Namespace = "default", Name = name }, Spec = new IsovalentMulticastGroupSpec { GroupAddrs = groups } });
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Waits until the node's table of members is exactly this.</summary>
    internal static async Task MembersAsync(TestNode node, params string[] expected)
    {
        string[] have = [];
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60); await Task.Delay(50))
        {
            if (await node.TryGetAsync("/v1/tables/multicast-members") is not { } table)
            {
                continue;
            }

            have = [.. table["rows"]!.AsArray().Select(r => $"{r!["group"]} {r["kind"]} {r["member"]}").Order()];
            if (have.SequenceEqual(expected.Order()))
            {
                return;
            }
        }

        Assert.Fail($"{node.Name} has: {string.Join("; ", have)}\nexpected: {string.Join("; ", expected.Order())}\n{node.Log}");
    }

    /// <summary>Waits until the datapath of this node filters copies to the other node by these sources.</summary>
    private static async Task SourcesAsync(TestNode node, string[] expected)
    {
        string? have = null;
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60); await Task.Delay(50))
        {
            JsonArray? rows = (await node.TryGetAsync("/v1/tables/multicast-members"))?["rows"]!.AsArray();
            have = rows is [{ } row] ? $"{row["filter"]} {string.Join(' ', row["sources"]!.AsArray())}" : null;
            if (have == $"{(expected.Length == 0 ? "exclude" : "include")} {string.Join(' ', expected)}")
            {
                return;
            }
        }

        Assert.Fail($"{node.Name} has: {have}\n{node.Log}");
    }

    internal static async Task SendAsync(Func<string, TimeSpan?, Task<(int Code, string Output)>> run, string group, string text, int port = 7777)
    {
        (int code, string output) = await run($"echo '{text}' | socat - UDP4-DATAGRAM:{group}:{port}", null);
        Assert.True(code == 0, output);
    }
}
