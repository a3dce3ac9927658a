using System.Diagnostics;
using System.Globalization;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>Groups with so many members on one node that the agent gives them a device list.</summary>
public sealed class FanOutTests
{
    private const string Group = "225.0.0.11";
    private const int Members = 16;

    [Fact]
    public async Task BigGroup_WithItsAgentWithoutAndAgain_EveryMemberGetsEachMessageOnce()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1, ("multicast-enabled", "true"));
        TestNode node = cluster.Nodes[0];
        await MulticastTests.GroupAsync(cluster, "g", Group);
        TestPod sender = await node.AddPodAsync("sender");
        var pods = new List<TestPod>();
        var listeners = new List<Listener>();
        try
        {
            for (int i = 0; i < Members; i++)
            {
                pods.Add(await node.AddPodAsync($"member{i}"));
                listeners.Add(new Listener(pods[^1], Group));
            }

            await ListsAsync(node, 1);
            await SayAsync("with a list");

            node.KillAgent();
            await SayAsync("without an agent");

            node.StartAgent();
            await node.WaitReadyAsync();
            await SayAsync("with the next agent");
            await ListsAsync(node, 1);
            await SayAsync("with its list");

            // One less is no big group any more.
            Assert.Equal(0, (await pods[0].CniAsync("DEL")).Code);
            listeners[0].Dispose();
            listeners.RemoveAt(0);
            await ListsAsync(node, 0);
            await SayAsync("without a list");
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }

        async Task SayAsync(string text)
        {
            await MulticastTests.SendAsync(sender.RunAsync, Group, text);
            Assert.All(await Task.WhenAll(listeners.Select(listener => listener.TakeAsync(1))), got => Assert.Equal([text], got));
        }
    }

    /// <summary>Waits until so many groups have a list.</summary>
    private static async Task ListsAsync(TestNode node, int count)
    {
        string output = "";
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60); await Task.Delay(100))
        {
            (_, output) = await node.RunAsync($"bpftool -j map dump pinned {node.BpfDirectory}/waggle/maps/mcast_fan_outs | jq length");
            if (output.Trim() == count.ToString(CultureInfo.InvariantCulture))
            {
                return;
            }
        }

        Assert.Fail($"{output.Trim()} lists instead of {count}; the agent says:\n{node.Log}");
    }
}
