namespace Waggle.Agent.Tests.Cluster;

public sealed class ConnectivityTests
{
    [Fact]
    public async Task Tunnel_EveryPair_Reaches()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        await CheckAllAsync(cluster);
    }

    private static async Task CheckAllAsync(TestCluster cluster)
    {
        TestPod a = await cluster.Nodes[0].AddPodAsync("a", ("app", "a"));
        TestPod b = await cluster.Nodes[0].AddPodAsync("b", ("app", "b"));
        TestPod c = await cluster.Nodes[1].AddPodAsync("c", ("app", "c"));
        var failures = new List<string>();
        async Task Ping(string who, Func<string, TimeSpan?, Task<(int Code, string Output)>> run, string to)
        {
            (int code, string output) = await run($"ping -c 2 -i 0.2 -W 2 {to}", TimeSpan.FromSeconds(15));
            if (code != 0)
            {
                failures.Add($"{who} → {to}: {output}");
            }
        }

        await Ping("pod a", a.RunAsync, b.Ip);
        await Ping("pod a", a.RunAsync, c.Ip);
        await Ping("pod c", c.RunAsync, a.Ip);
        await Ping("pod a", a.RunAsync, cluster.Nodes[0].Address);
        await Ping("pod a", a.RunAsync, cluster.Nodes[1].Address);
        await Ping("pod a", a.RunAsync, "172.18.0.1");
        await Ping("node 0", cluster.Nodes[0].RunAsync, a.Ip);
        await Ping("node 0", cluster.Nodes[0].RunAsync, c.Ip);
        if (failures.Count > 0)
        {
            failures.Add((await cluster.Nodes[0].RunAsync("curl -s localhost:9962/metrics | grep -E 'count_total'; ip addr; ip route; ip neigh; bpftool net 2>/dev/null; bpftool link | head -40")).Output);
            failures.Add((await a.RunAsync("ip addr; ip route; ip neigh; ip -s link")).Output);
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures) + "\n" + cluster.Nodes[0].Log + "\n" + cluster.Nodes[1].Log);
    }
}
