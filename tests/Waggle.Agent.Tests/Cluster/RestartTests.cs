using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>Forwarding does not depend on the agent being alive (design D5).</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task KillAndRestart_PingsAndConnections_LoseNothing()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, ("multicast-enabled", "true"));
        TestNode node = cluster.Nodes[0];
        TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b"), c = await cluster.Nodes[1].AddPodAsync("c");
        await using Traffic traffic = await Traffic.StartAsync(a, b, c);
        await MulticastTests.GroupAsync(cluster, "g", "225.0.0.9");
        using var listener = new Listener(b, "225.0.0.9");
        await MulticastTests.MembersAsync(node, "225.0.0.9 local default/b");

        node.KillAgent();
        await MulticastTests.SendAsync(a.RunAsync, "225.0.0.9", "while dead"); // replication works without an agent

        // A pod that comes now waits in the plugin until the agent is back.
        Task<TestPod> late = node.AddPodAsync("late");
        await Task.Delay(500);
        Assert.False(late.IsCompleted);
        node.StartAgent();
        await node.WaitReadyAsync();
        TestPod d = await late;
        Assert.Equal(0, (await d.RunAsync($"ping -c 2 -i 0.2 -W 20 {c.Ip}")).Code);
        Assert.Equal(["while dead"], await listener.TakeAsync(1));
        await MulticastTests.MembersAsync(node, "225.0.0.9 local default/b");
        JsonArray rows = (await node.GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray();
        Assert.Equal(["a", "b", "late"], rows.Select(r => (string)r!["pod"]!).Order());
        Assert.Equal(a.Ip, (string)rows.Single(r => (string)r!["pod"]! == "a")!["ipv4"]!);
        await traffic.StopAndCheckAsync(node.Log);
    }

    [Fact]
    public async Task ProgramsReplaced_PingsAndConnections_LoseNothing()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        TestNode node = cluster.Nodes[0];
        TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b"), c = await cluster.Nodes[1].AddPodAsync("c");
        await using Traffic traffic = await Traffic.StartAsync(a, b, c);
        foreach (string value in new[] { "true", "false", "true" })
        {
            var patch = new JsonObject { ["data"] = new JsonObject { ["multicast-enabled"] = value } };
            await cluster.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(patch));
            int before = Count(node.Log, "programs attached");
            for (long started = Stopwatch.GetTimestamp(); Count(node.Log, "programs attached") == before; await Task.Delay(50))
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), node.Log);
            }
        }

        await traffic.StopAndCheckAsync(node.Log);
    }

    private static int Count(string text, string part) => Regex.Count(text, Regex.Escape(part));

    /// <summary>Pings every 10 ms and 50 connections that carry numbered lines, within the node and to another.</summary>
    private sealed class Traffic : IAsyncDisposable
    {
        private readonly List<Process> _processes = [];
        private readonly List<(string Name, Pings Pings)> _pings = [];
        private readonly List<(string Name, Process Process, Task<string> Output)> _streams = [];

        public static async Task<Traffic> StartAsync(TestPod from, TestPod near, TestPod far)
        {
            var traffic = new Traffic();
            foreach (TestPod to in new[] { near, far })
            {
                traffic._processes.Add(to.Start("socat", "TCP4-LISTEN:5000,fork,reuseaddr,backlog=128", "EXEC:cat"));
            }

            foreach (TestPod to in new[] { near, far })
            {
                traffic._pings.Add((to.Name, new Pings(from, to.Ip, "0.01")));

                // One process holds 25 connections; each echoes a line every 100 ms and must get it back.
                string program = """
                    import socket,sys,time
                    def connect(until=time.time()+60):
                        while True:
                            try: return socket.create_connection((sys.argv[1],5000),10)
                            except OSError:
                                if time.time()>until: raise
                                time.sleep(0.05)
                    s=[connect() for _ in range(25)]
                    for x in s: x.settimeout(10)
                    print('ready',flush=True)
                    n=0
                    import select
                    while not select.select([sys.stdin],[],[],0.1)[0]:
                        for x in s:
                            line=b'%08d' % n
                            x.sendall(line)
                            got=b''
                            while len(got)<8:
                                part=x.recv(8-len(got))
                                if not part: sys.exit('closed')
                                got+=part
                            if got!=line: sys.exit('wrong')
                            n+=1
                    print('ok',n,flush=True)
                    """;
                Process stream = from.Start("python3", "-c", program, to.Ip);
                if (await stream.StandardOutput.ReadLineAsync() != "ready")
                {
                    throw new InvalidOperationException($"no connections to {to.Name}");
                }

                traffic._streams.Add((to.Name, stream, stream.StandardOutput.ReadToEndAsync()));
            }

            return traffic;
        }

        public async Task StopAndCheckAsync(string log)
        {
            foreach ((string name, Process process, Task<string> output) in _streams)
            {
                process.StandardInput.Close();
                string text = await output.WaitAsync(TimeSpan.FromSeconds(60));
                Assert.True(text.StartsWith("ok ", StringComparison.Ordinal), $"connections to {name}: {text}\n{log}");
            }

            foreach ((string name, Pings pings) in _pings)
            {
                (int sent, int answered, int lost) = await pings.StopAsync();
                Assert.True(answered > 50 && lost == 0, $"ping to {name}: {sent} sent, {answered} answered, {lost} lost\n{log}");
            }
        }

        public ValueTask DisposeAsync()
        {
            foreach ((_, Pings pings) in _pings)
            {
                pings.Dispose();
            }

            foreach (Process process in _processes.Concat(_streams.Select(s => s.Process)))
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }

                process.Dispose();
            }

            return ValueTask.CompletedTask;
        }
    }
}
