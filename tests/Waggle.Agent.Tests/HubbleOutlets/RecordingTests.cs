using System.Text.RegularExpressions;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>Recordings of a live agent: whole packets of chosen conversations, as tcpdump reads them from the file.</summary>
public sealed class RecordingTests
{
    [Fact]
    public async Task Record_PingsOfOnePod_AreInTheFileWholeAndOnce()
    {
        string folder = Directory.CreateTempSubdirectory("wgt-pcaps-").FullName;
        try
        {
            await using TestCluster cluster = await TestCluster.StartAsync(1, ("enable-hubble", "true"), ("enable-ipv6", "true"), ("hubble-recorder-storage-path", folder));
            TestNode node = cluster.Nodes[0];
            string socket = node.HubbleSocket;
            TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b"), c = await node.AddPodAsync("c");
            int times = 0;
            await OutletRig.UntilAsync(() => node.WaggleAsync($"hubble status --server unix://{socket}"), status => status.Code == 0, "the agent serves flows");
            foreach ((string from, string to, string ping) in (IEnumerable<(string, string, string)>)[(a.Ip + "/32", b.Ip + "/32", $"ping -s 1300 -i 0.05 -w 60 -c 20 {b.Ip}"), (a.Ip6 + "/128", b.Ip6 + "/128", $"ping -6 -s 1300 -i 0.05 -w 60 -c 20 {b.Ip6}")])
            {
                Task<(int Code, string Output)> recording = node.WaggleAsync($"hubble record --server unix://{socket} --packet-limit 20 \"{from} 0 {to} 0 ANY\"");
                Task told = ToldAsync(node, "the programs take packets", ++times);
                if (await Task.WhenAny(told, recording) == recording)
                {
                    Assert.Fail((await recording).Output); // it takes 20 packets that do not come by themselves
                }

                await told;
                Task other = c.RunAsync($"ping -i 0.05 -c 20 {b.Ip}"); // not asked for
                while (!recording.IsCompleted)
                {
                    await a.RunAsync(ping);
                }

                await other;
                (int code, string output) = await recording;
                Assert.True(code == 0, output);
                string file = Regex.Match(output, "Output: (\\S+)").Groups[1].Value;
                string[] lines = [.. (await node.RunAsync($"tcpdump -nn -r {file}")).Output.Split('\n').Where(l => l.Contains("ICMP", StringComparison.Ordinal))];
                Assert.True(lines.Length == 20, string.Join("\n", lines));
                Assert.Equal(24 + (20 * (16 + 14 + (from.Contains(':', StringComparison.Ordinal) ? 40 : 20) + 1308)), new FileInfo(file).Length);
                Assert.All(lines, line => Assert.Matches("ICMP6?,? .*echo request.* length 1308", line));
                // Each once: no sequence number of one ping twice.
                Assert.Equal(20, lines.Select(l => Regex.Match(l, "id (\\d+), seq (\\d+)").Value).Distinct().Count());
                await ToldAsync(node, "nobody records any more", times);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The agent's log tells when programs stand in front of the others, and when they are gone again.
    private static Task ToldAsync(TestNode node, string what, int times) =>
        OutletRig.UntilAsync(() => Task.FromResult(node.Log), log => Regex.Count(log, what) >= times, $"\"{what}\" is told {times} times");
}
