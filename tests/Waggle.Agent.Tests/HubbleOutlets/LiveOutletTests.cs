using System.Globalization;
using System.Text.RegularExpressions;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>A whole agent with real packets: figures on the port, a dynamic exporter, and a disk that becomes full under it.</summary>
public sealed class LiveOutletTests
{
    [Fact]
    public async Task RealFlows_AreCountedAndExported_AndAFullDiskHarmsNobody()
    {
        string folder = Directory.CreateTempSubdirectory("wgt-outlets-").FullName;
        try
        {
            string config = Path.Combine(folder, "flowlogs.yaml"), disk = Path.Combine(folder, "disk"), log = Path.Combine(disk, "flows.log");
            Directory.CreateDirectory(disk);
            await using TestCluster cluster = await TestCluster.StartAsync(
                1, ("enable-hubble", "true"), ("monitor-aggregation", "none"), ("hubble-metrics-server", ":9965"), ("hubble-metrics", "flow icmp:sourceContext=pod"), ("hubble-flowlogs-config-path", config));
            TestNode node = cluster.Nodes[0];
            TestPod a = await node.AddPodAsync("a"), b = await node.AddPodAsync("b");
            await UntilAsync(node, a, b, t => Regex.IsMatch(t, """hubble_icmp_total\{[^}]*source="default/a"[^}]*\} [1-9]"""), "pings of pod a are counted");

            // A disk of its own, in the node's mount namespace: 64 KiB.
            Assert.Equal(0, (await node.RunAsync($"mount -t tmpfs -o size=64k none {disk}")).Code);
            await File.WriteAllTextAsync(config, $"flowLogs:\n- name: pings\n  filePath: {log}\n  includeFilters:\n  - source_pod: [\"default/a\"]\n");
            await UntilAsync(node, a, b, t => Exported(t, "exported") > 0, "flows are exported");
            (int code, string text) = await node.RunAsync($"head -n 1 {log}");
            Assert.Equal(0, code);
            Assert.Contains("\"pod_name\":\"a\"", text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

            // Full: what cannot be written is counted, everything else goes on.
            await node.RunAsync($"dd if=/dev/zero of={disk}/filler bs=4k; true");
            string full = await UntilAsync(node, a, b, t => Exported(t, "failed") > 0, "lost flows are counted");
            Assert.Equal(0, (await a.RunAsync($"ping -c 2 -i 0.2 -W 20 {b.Ip}")).Code);
            await node.GetAsync("/v1/status");

            // Room again: it resumes by itself.
            Assert.Equal(0, (await node.RunAsync($"rm {disk}/filler")).Code);
            await UntilAsync(node, a, b, t => Exported(t, "exported") > Exported(full, "exported"), "the exporter resumed");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Pings until the metrics say what they should.</summary>
    private static Task<string> UntilAsync(TestNode node, TestPod from, TestPod to, Func<string, bool> good, string what) => OutletRig.UntilAsync(
        async () =>
        {
            await from.RunAsync($"ping -c 5 -i 0.05 -W 20 {to.Ip}");
            return (await node.RunAsync("curl -s --noproxy '*' http://127.0.0.1:9965/metrics")).Output;
        },
        good, what);

    private static double Exported(string metrics, string outcome) =>
        Regex.Match(metrics, $$"""hubble_exporter_flows_total\{[^}]*name="pings"[^}]*outcome="{{outcome}}"[^}]*\} (\S+)""") is { Success: true } match
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
}
