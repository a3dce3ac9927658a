namespace Waggle.Agent.Tests.Cluster;

/// <summary>Who reaches whom, in every routing mode and family.</summary>
public sealed class ConnectivityTests
{
    [Fact]
    public Task Tunnel_EveryPair_Reaches() => CheckAsync();

    [Fact]
    public Task TunnelDualStack_EveryPair_Reaches() => CheckAsync(("enable-ipv6", "true"));

    [Fact]
    public Task Native_EveryPair_Reaches() => CheckAsync(("routing-mode", "native"), ("auto-direct-node-routes", "true"), ("ipv4-native-routing-cidr", "10.0.0.0/8"));

    [Fact]
    public Task NativeIPv6Only_EveryPair_Reaches() =>
        CheckAsync(("enable-ipv4", "false"), ("enable-ipv6", "true"), ("routing-mode", "native"), ("auto-direct-node-routes", "true"), ("ipv6-native-routing-cidr", "fd00::/104"));

    private static async Task CheckAsync(params (string Key, string Value)[] config)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, config);
        cluster.Expect(Waggle.Datapath.Abi.DropReason.Unroutable); // the address below that nobody has
        TestNode node0 = cluster.Nodes[0], node1 = cluster.Nodes[1];
        TestPod a = await node0.AddPodAsync("a", ("app", "a")), b = await node0.AddPodAsync("b", ("app", "b")), c = await node1.AddPodAsync("c", ("app", "c"));
        var failures = new List<string>();
        foreach (bool v6 in new[] { false, true })
        {
            if ((v6 ? a.Ip6 : a.Ip).Length == 0)
            {
                continue;
            }

            await PingAsync("pod → pod on its node", a.RunAsync, Of(b));
            await PingAsync("pod → pod on another node", a.RunAsync, Of(c));
            await PingAsync("the other way", c.RunAsync, Of(a));
            await PingAsync("pod → own node", a.RunAsync, v6 ? node0.Address6 : node0.Address);
            await PingAsync("pod → other node", a.RunAsync, v6 ? node1.Address6 : node1.Address);
            await PingAsync("pod → outside", a.RunAsync, v6 ? "fc00:f853:ccd:e793::1" : "172.18.0.1");
            await PingAsync("node → own pod", node0.RunAsync, Of(a));
            await PingAsync("node → pod on another node", node0.RunAsync, Of(c));
            (int code, _) = await a.RunAsync($"ping -c 1 -W 1 {(v6 ? Of(b)[..Of(b).LastIndexOf(':')] + ":fe" : Of(b)[..Of(b).LastIndexOf('.')] + ".253")}");
            Assert.NotEqual(0, code); // nobody has it, and it does not wander off

            string Of(TestPod pod) => v6 ? pod.Ip6 : pod.Ip;
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures) + "\n" + await DiagnoseAsync(node0, a) + node0.Log + "\n" + node1.Log);

        async Task PingAsync(string what, Func<string, TimeSpan?, Task<(int Code, string Output)>> run, string to)
        {
            (int code, string output) = await run($"ping -c 3 -i 0.2 -W 20 {to}", TimeSpan.FromSeconds(60));
            if (code != 0)
            {
                failures.Add($"{what} ({to}): {output}");
            }
        }
    }

    private static async Task<string> DiagnoseAsync(TestNode node, TestPod pod) =>
        (await node.RunAsync("curl -s localhost:9962/metrics | grep count_total; ip addr; ip route; ip -6 route; ip neigh")).Output + (await pod.RunAsync("ip addr; ip route; ip -6 route; ip neigh")).Output;
}
