using System.Diagnostics;
using System.Text.RegularExpressions;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>Recordings of a live agent: whole packets of chosen conversations, as tshark reads them from the file.</summary>
public sealed class RecordingTests
{
    private const int Pings = 10, Packets = Pings + 5 + 1;

    [Fact]
    public async Task Record_PacketsOfOnePod_AreInTheFileAsTheyWereSent_AndOnce()
    {
        string folder = Directory.CreateTempSubdirectory("wgt-pcaps-").FullName;
        try
        {
            await using TestCluster cluster = await TestCluster.StartAsync(1, ("enable-hubble", "true"), ("enable-ipv6", "true"), ("hubble-recorder-storage-path", folder));
            TestNode node = cluster.Nodes[0];
            string socket = node.HubbleSocket;
            TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b"), c = await node.AddPodAsync("c");
            await OutletRig.UntilAsync(() => node.WaggleAsync($"hubble status --server unix://{socket}"), status => status.Code == 0, "the agent serves flows");
            int times = 0;
            foreach ((string from, string to, int bits, int header) in (IEnumerable<(string, string, int, int)>)[($"{a.Ip}", $"{b.Ip}", 32, 20), ($"{a.Ip6}", $"{b.Ip6}", 128, 40)])
            {
                string[][] packets = await RecordAsync(node, $"hubble record --server unix://{socket} --packet-limit {Packets} \"{from}/{bits} 0 {to}/{bits} 0 ANY\"", async () =>
                {
                    string six = bits == 128 ? "6" : "4", host = bits == 128 ? $"[{to}]" : to;
                    await c.RunAsync($"ping -{six} -i 0.05 -c 3 {to}"); // not asked for
                    // Not -w: that sends more when an answer takes its time.
                    (int code, string output) = await a.RunAsync($"ping -{six} -s 1300 -i 0.05 -c {Pings} -W 25 {to}");
                    Assert.True(code == 0, output);
                    (code, output) = await a.RunAsync($"for n in 1 2 3 4 5; do head -c ${{n}}00 /dev/zero | socat -u STDIN UDP{six}:{host}:30009; done");
                    Assert.True(code == 0, output);
                    await a.RunAsync($"socat -u /dev/null TCP{six}:{host}:30010"); // its SYN is the last packet; nobody listens
                });
                await ToldAsync(node, "nobody records any more", ++times);

                Assert.True(packets.Length == Packets, string.Join("\n", packets.Select(p => string.Join(' ', p))));
                Assert.All(packets, packet => Assert.Equal((packet[0], from, to), (packet[1], packet[3], packet[4])));
                int[] Lengths(string protocol) => [.. packets.Where(p => p[2].Split(':').Contains(protocol)).Select(p => int.Parse(p[0])).Order()];
                Assert.Equal(Enumerable.Repeat(14 + header + 1308, Pings), Lengths(bits == 128 ? "icmpv6" : "icmp"));
                Assert.Equal([.. Enumerable.Range(1, 5).Select(n => 14 + header + 8 + (100 * n))], Lengths("udp"));
                Assert.Single(Lengths("tcp"));
                // Each once: no sequence number of the ping twice.
                Assert.Equal(Pings, packets.Select(p => p[5]).Where(sequence => sequence.Length > 0).Distinct().Count());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Records while something is done, until the recording ends by itself; what tshark reads then.</summary>
    private static async Task<string[][]> RecordAsync(TestNode node, string command, Func<Task> during)
    {
        using Process recording = node.StartWaggle(command);
        try
        {
            // The first figures come when packets are taken.
            string? line = await recording.StandardOutput.ReadLineAsync().WaitAsync(OutletRig.Patience);
            Assert.True(line?.Contains("Status:", StringComparison.Ordinal), line);
            await during();
            string output = await recording.StandardOutput.ReadToEndAsync().WaitAsync(OutletRig.Patience);
            string file = Regex.Match(output, "Output: (\\S+)").Groups[1].Value;
            (int code, string lines) = await node.RunAsync($"tshark -n -r {file} -T fields -E separator=/s -E quote=n -e frame.len -e frame.cap_len -e frame.protocols -e ip.src -e ipv6.src -e ip.dst -e ipv6.dst -e icmp.seq -e icmpv6.echo.sequence_number");
            Assert.True(code == 0, $"{output}\n{lines}");
            // It says on standard error that it runs as root.
            return [.. lines.Split('\n').Where(l => l.Length > 0 && char.IsAsciiDigit(l[0])).Select(l => Row(l.Split(' ')))];
        }
        finally
        {
            recording.Kill(entireProcessTree: true);
        }

        static string[] Row(string[] f) => [f[0], f[1], f[2], f[3] + f[4], f[5] + f[6], f[7] + f[8]];
    }

    // The agent's log tells when programs stand in front of the others, and when they are gone again.
    private static Task ToldAsync(TestNode node, string what, int times) =>
        OutletRig.UntilAsync(() => Task.FromResult(node.Log), log => Regex.Count(log, what) >= times, $"\"{what}\" is told {times} times");
}
