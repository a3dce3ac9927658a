using System.Diagnostics;
using System.Text.Json.Nodes;
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
        TestPod a = await cluster.Nodes[0].AddPodAsync("a"), b = await cluster.Nodes[0].AddPodAsync("b");
        using var listen = new Listener(b, "225.0.0.50");
        var patch = new JsonObject { ["data"] = new JsonObject { ["multicast-enabled"] = "true" } };
        await cluster.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(patch));
        await GroupAsync(cluster, "late", "225.0.0.50");
        await MembersAsync(cluster.Nodes[0], "225.0.0.50 local default/b");
        await SendAsync(a.RunAsync, "225.0.0.50", "hello");
        Assert.Equal(["hello"], await listen.TakeAsync(1));
    }

    internal static async Task GroupAsync(TestCluster cluster, string name, params string[] groups)
    {
        // The operator installs the type.
        for (int i = 0; ; i++)
        {
            try
            {
                await cluster.Client.CreateAsync(KubeTypes.IsovalentMulticastGroups, new IsovalentMulticastGroup { Metadata = new ObjectMeta { Namespace = "default", Name = name }, Spec = new IsovalentMulticastGroupSpec { GroupAddrs = groups } });
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound && i < 50)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Waits until the node's table of members is exactly this.</summary>
    internal static async Task MembersAsync(TestNode node, params string[] expected)
    {
        string[] have = [];
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(15); await Task.Delay(50))
        {
            JsonNode? table = await node.TryGetAsync("/v1/tables/multicast-members");
            have = [.. table!["rows"]!.AsArray().Select(r => $"{r!["group"]} {r["kind"]} {r["member"]}").Order()];
            if (have.SequenceEqual(expected.Order()))
            {
                return;
            }
        }

        Assert.Fail($"{node.Name} has: {string.Join("; ", have)}\nexpected: {string.Join("; ", expected.Order())}\n{node.Log}");
    }

    internal static async Task SendAsync(Func<string, TimeSpan?, Task<(int Code, string Output)>> run, string group, string text, int port = 7777)
    {
        (int code, string output) = await run($"echo '{text}' | socat - UDP4-DATAGRAM:{group}:{port}", null);
        Assert.True(code == 0, output);
    }
}
