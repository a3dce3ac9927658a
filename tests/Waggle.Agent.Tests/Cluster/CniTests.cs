using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Linux;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>The plugin's calls against a real agent.</summary>
public sealed class CniTests
{
    [Fact]
    public async Task Calls_OnePod_FollowTheSpecification()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        TestNode node = cluster.Nodes[0];
        TestPod pod = await node.AddPodAsync("web", ("app", "web"));
        string first = pod.Ip;

        await pod.AddAsync(); // again: the same
        Assert.Equal(first, pod.Ip);
        Assert.Equal(0, (await pod.CniAsync("CHECK")).Code);
        Assert.Equal(0, (await pod.CniAsync("STATUS")).Code);
        Assert.Contains("cilium-cni", await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(node.RunDirectory)!, "net.d", "05-cilium.conflist")));

        // What other agents and people read.
        CiliumEndpoint endpoint = await UntilAsync(() => cluster.Client.TryGetAsync(KubeTypes.CiliumEndpoints, "default", "web"));
        Assert.Equal((first, node.Address, "ready"), (endpoint.Status.Networking!.Addressing[0].Ipv4, endpoint.Status.Networking.Node, endpoint.Status.State));
        CiliumIdentity identity = await cluster.Client.GetAsync(KubeTypes.CiliumIdentities, null, $"{endpoint.Status.Identity!.Id}");
        Assert.Equal("web", identity.SecurityLabels["k8s:app"]);
        CiliumNode own = await cluster.Client.GetAsync(KubeTypes.CiliumNodes, null, node.Name);
        Assert.Contains(own.Spec.Addresses, a => a.Type == "CiliumInternalIP");

        // Other labels, another identity; the connection stays.
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = "other" } } };
        await cluster.Client.PatchAsync(KubeTypes.Pods, "default", "web", KubePatch.Merge(patch));
        await UntilAsync(async () => (await cluster.Client.TryGetAsync(KubeTypes.CiliumEndpoints, "default", "web"))?.Status.Identity is { } now && now.Id != endpoint.Status.Identity.Id ? now : null);

        Assert.Equal(0, (await pod.CniAsync("DEL")).Code);
        Assert.Equal(0, (await pod.CniAsync("DEL")).Code);
        (int code, JsonNode? output) = await pod.CniAsync("CHECK");
        Assert.Equal((1, 3), (code, (int)output!["code"]!));
        await UntilAsync(async () => await cluster.Client.TryGetAsync(KubeTypes.CiliumEndpoints, "default", "web") is null ? "gone" : null);
    }

    [Fact]
    public async Task Add_NoAddressLeft_SaysWhatToDoAndWritesAnEvent()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1, ("cluster-pool-ipv4-mask-size", "29"));
        for (int i = 0; i < 5; i++) // 8 addresses: first and last unused, one for the router
        {
            await cluster.Nodes[0].AddPodAsync($"p{i}");
        }

        Exception e = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Nodes[0].AddPodAsync("more"));
        Assert.Contains("\"code\":110", e.Message);
        Assert.Contains("cluster-pool-ipv4-mask-size", e.Message);
        Event seen = await UntilAsync(async () => (await cluster.Client.ListAsync(KubeTypes.Events, "default")).Items.FirstOrDefault(x => x.InvolvedObject.Name == "more" && x.Reason == "FailedAddressAllocation"));
        Assert.Contains("in use", seen.Message);
    }

    [Fact]
    public async Task Add_Del_AThousandTimes_LeavesNothing()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1, ("prometheus-serve-addr", ""));
        TestNode node = cluster.Nodes[0];
        using (Sandbox warm = await Sandbox.StartAsync())
        {
            Assert.Equal(0, (await CallAsync(node, "ADD", "warm", warm.NetnsPath)).Code);
            Assert.Equal(0, (await CallAsync(node, "DEL", "warm", warm.NetnsPath)).Code);
        }

        string before = await LeftoversAsync(node);
        Sandbox[] pods = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Sandbox.StartAsync()));
        try
        {
            int next = 0;
            await Task.WhenAll(pods.Select(async pod =>
            {
                while (Interlocked.Increment(ref next) is var i and <= 1000)
                {
                    (int code, string output) = await CallAsync(node, "ADD", $"c{i}", pod.NetnsPath);
                    Assert.True(code == 0, output);
                    (code, output) = await CallAsync(node, "DEL", $"c{i}", pod.NetnsPath);
                    Assert.True(code == 0, output);
                }
            }));
        }
        finally
        {
            foreach (Sandbox pod in pods)
            {
                pod.Dispose();
            }
        }

        // The tables' followers take the last rows out of the kernel's maps a moment later.
        await UntilAsync(async () => await LeftoversAsync(node) == before, $"as before: {before}");
    }

    [Fact]
    public async Task Gc_AttachmentsNotListed_AreRemoved()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        TestNode node = cluster.Nodes[0];
        using Sandbox a = await Sandbox.StartAsync(), b = await Sandbox.StartAsync();
        Assert.Equal(0, (await CallAsync(node, "ADD", "keep", a.NetnsPath)).Code);
        Assert.Equal(0, (await CallAsync(node, "ADD", "lost", b.NetnsPath)).Code);
        (int code, string output) = await CallAsync(node, "GC", "", null, """{"cniVersion":"1.1.0","name":"cilium","cni.dev/valid-attachments":[{"containerID":"keep","ifname":"eth0"}]}""");
        Assert.True(code == 0, output);
        JsonNode table = await node.GetAsync("/v1/tables/endpoints");
        Assert.Equal("keep", (string)Assert.Single(table["rows"]!.AsArray())!["containerId"]!);
    }

    /// <summary>Everything that a pod leaves traces in.</summary>
    private static async Task<string> LeftoversAsync(TestNode node)
    {
        JsonNode status = await node.GetAsync("/v1/status");
        string kernel = (await node.RunAsync($"ip -o link | wc -l; ip route | wc -l; ip neigh | grep -c PERMANENT; ls {node.BpfDirectory}/waggle/links; for m in endpoints endpoints_by_ifindex ipcache mcast_joins; do bpftool -j map dump pinned {node.BpfDirectory}/waggle/maps/$m | jq length; done; bpftool -j map dump pinned {node.BpfDirectory}/waggle/maps/mcast_slots | jq '[.[]|select(.formatted.value.kind!=0)]|length'")).Output;
        string state = Path.Combine(node.RunDirectory, "state");
        string files = Directory.Exists(state) ? string.Join(' ', Directory.GetDirectories(state).Select(Path.GetFileName)) : "";
        return $"{status["ipam"]} {status["tables"]!["endpoints"]}\n{kernel}\n{files}";
    }

    private static async Task<(int Code, string Output)> CallAsync(TestNode node, string command, string id, string? netns, string config = """{"cniVersion":"1.0.0","name":"cilium"}""")
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(node.CniSocket));
        byte[] body = Encoding.UTF8.GetBytes(new JsonObject { ["command"] = command, ["containerId"] = id, ["ifName"] = "eth0", ["args"] = "", ["netns"] = netns ?? "", ["path"] = "", ["config"] = config }.ToJsonString());
        byte[] frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame, 4);
        if (netns is null)
        {
            await socket.SendAsync(frame);
        }
        else
        {
            using FileDescriptor descriptor = FileDescriptor.Open(netns);
            DescriptorPassing.Send(socket, frame, descriptor);
        }

        using var stream = new NetworkStream(socket, ownsSocket: false);
        byte[] header = new byte[4];
        await stream.ReadExactlyAsync(header);
        byte[] answer = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
        await stream.ReadExactlyAsync(answer);
        return (answer[0], Encoding.UTF8.GetString(answer.AsSpan(1)));
    }
}
