using System.Diagnostics;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Lab.Cluster;
using Waggle.Linux;

namespace Waggle.Lab.Tests.Cluster;

public sealed class LabClusterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task UpAndDown_LeaveNothingAndTouchNothing()
    {
        await using var labs = new TestLabs();
        string network = await MachineNetworkAsync();
        LabInfo lab = await labs.UpAsync(TestLabs.Options("a", nodes: 3));
        Assert.Equal(LabState.Running, lab.State);
        Assert.Equal(network, await MachineNetworkAsync());
        using (KubeClient client = labs.Client("a"))
        {
            KubeList<Node> nodes = await client.ListAsync(KubeTypes.Nodes, cancellation: Cancellation);
            Assert.Equal(["a-control-plane 172.18.0.2", "a-worker 172.18.0.3", "a-worker2 172.18.0.4"],
                nodes.Items.Select(node => $"{node.Metadata.Name} {node.Status.Addresses[0].Address}").Order(StringComparer.Ordinal));
        }
        Assert.True(await labs.DownAsync("a"));
        Assert.Empty(labs.Traces());
        Assert.False(await labs.DownAsync("a"));
        Assert.Empty(labs.Labs.List());
    }

    [Fact]
    public async Task Up_OfARunningLab_IsSuccessOnlyWithTheSameOptions()
    {
        await using var labs = new TestLabs();
        LabInfo first = await labs.UpAsync(TestLabs.Options("a") with { Zones = ["x", "y"] });
        LabInfo second = await labs.UpAsync(TestLabs.Options("a") with { Zones = ["x", "y"] });
        Assert.Equal(first.DaemonPid, second.DaemonPid);
        LabException error = await Assert.ThrowsAsync<LabException>(() => labs.UpAsync(TestLabs.Options("a", nodes: 2)));
        Assert.Contains("exists with other options (--nodes 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("waggle lab down --name a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoLabs_RunAtOnceWithTheSameAddresses()
    {
        await using var labs = new TestLabs();
        await Task.WhenAll(labs.UpAsync(TestLabs.Options("a")), labs.UpAsync(TestLabs.Options("b")));
        foreach (string name in (string[])["a", "b"])
        {
            using KubeClient client = labs.Client(name);
            KubeList<Node> nodes = await client.ListAsync(KubeTypes.Nodes, cancellation: Cancellation);
            Assert.Equal([$"{name}-control-plane"], nodes.Items.Select(node => node.Metadata.Name));
        }
        await labs.DownAsync("a");
        Assert.Equal(["b"], labs.Labs.List().Select(lab => lab.Options.Name));
        Assert.DoesNotContain(labs.Traces(), trace => trace.EndsWith("/a", StringComparison.Ordinal) || trace.Contains("/a/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nodes_ReachEachOtherAndTheApiServer()
    {
        await using var labs = new TestLabs();
        await labs.UpAsync(TestLabs.Options("a", nodes: 2) with { Families = LabFamilies.DualStack });
        using KubeClient client = labs.Client("a");
        Pod pod = await CreateHostPodAsync(client, "p", "a-worker",
            "for a in 172.18.0.2 172.18.0.1 fc00:f853:ccd:e793::2 fc00:f853:ccd:e793::1; do ping -c1 -w30 $a >/dev/null && echo $a; done; curl -sk https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version | grep -c gitVersion; hostname");
        pod = await WaitAsync(client, "p", p => p.Status.Phase is "Succeeded" or "Failed");
        using var reader = new StreamReader(await client.OpenStreamAsync("api/v1/namespaces/default/pods/p/log", Cancellation));
        Assert.Equal("172.18.0.2\n172.18.0.1\nfc00:f853:ccd:e793::2\nfc00:f853:ccd:e793::1\n1\na-worker\n", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal(["172.18.0.3", "fc00:f853:ccd:e793::3"], pod.Status.Ips.Select(ip => ip.Ip));
        Node node = await client.GetAsync(KubeTypes.Nodes, null, "a-worker", Cancellation);
        Assert.Equal(["InternalIP 172.18.0.3", "InternalIP fc00:f853:ccd:e793::3", "Hostname a-worker"], node.Status.Addresses.Select(a => $"{a.Type} {a.Address}"));
    }

    [Fact]
    public async Task Crash_OfTheDaemon_EndsContainersAndUpContinuesWithTheSameObjects()
    {
        await using var labs = new TestLabs();
        await labs.UpAsync(TestLabs.Options("a"));
        string uid;
        using (KubeClient client = labs.Client("a"))
        {
            Pod pod = await CreateHostPodAsync(client, "p", "a-control-plane", "exec sleep 1000", "Always");
            await CreateHostPodAsync(client, "once", "a-control-plane", "exec sleep 1000");
            await WaitAsync(client, "p", p => p.Status.Phase == "Running");
            await WaitAsync(client, "once", p => p.Status.Phase == "Running");
            uid = pod.Metadata.Uid!;
        }
        Cgroup cgroup = Cgroup.At(labs.Paths.Cgroup("a"));
        Assert.True(cgroup.IsPopulated);
        labs.Crash("a");
        await cgroup.WaitEmptyAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(LabState.Stopped, labs.Labs.Find("a")!.State);

        await labs.UpAsync(TestLabs.Options("a"));
        using (KubeClient client = labs.Client("a"))
        {
            Pod pod = await WaitAsync(client, "p", p => p.Status.Phase == "Running" && p.Status.ContainerStatuses[0].State?.Running is not null);
            Assert.Equal((uid, 1), (pod.Metadata.Uid, pod.Status.ContainerStatuses[0].RestartCount));
            Assert.Equal("ContainerStatusUnknown", pod.Status.ContainerStatuses[0].LastState?.Terminated?.Reason);
            Pod once = await WaitAsync(client, "once", p => p.Status.Phase == "Failed");
            Assert.Equal(137, once.Status.ContainerStatuses[0].State?.Terminated?.ExitCode);
        }
        labs.Crash("a");
        Assert.True(await labs.DownAsync("a"));
        Assert.Empty(labs.Traces());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    [InlineData(150)]
    [InlineData(300)]
    [InlineData(600)]
    public async Task Crash_WhileStarting_IsMendedByTheNextUpAndRemovedByDown(int milliseconds)
    {
        await using var labs = new TestLabs();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<LabInfo> starting = labs.Labs.UpAsync(TestLabs.Options("a", nodes: 2), NoProgress.Instance, stop.Token);
        PidDescriptor? daemon;
        while ((daemon = labs.Daemon("a")) is null && !starting.IsCompleted)
            await Task.Delay(1, Cancellation);
        // The moment of the crash is what the test varies; it waits for nothing.
        await Task.Delay(milliseconds, Cancellation);
        daemon!.Send(Signal.Kill);
        Assert.True(daemon.WaitForExit(TimeSpan.FromSeconds(60)));
        daemon.Dispose();
        await stop.CancelAsync();
        await Task.WhenAny(starting);

        LabInfo lab = await labs.UpAsync(TestLabs.Options("a", nodes: 2));
        Assert.Equal(LabState.Running, lab.State);
        labs.Crash("a");
        await labs.DownAsync("a");
        Assert.Empty(labs.Traces());
    }

    [Theory]
    [InlineData("", 3, "cannot name a lab")]
    [InlineData("UPPER", 3, "cannot name a lab")]
    [InlineData("../x", 3, "cannot name a lab")]
    [InlineData("a-name-that-is-longer-than-it-may", 3, "cannot name a lab")]
    [InlineData("a", 0, "1 to 64 nodes, not 0")]
    [InlineData("a", 65, "1 to 64 nodes, not 65")]
    public async Task Up_WithImpossibleOptions_SaysWhatIsAllowed(string name, int nodes, string message)
    {
        await using var labs = new TestLabs();
        LabException error = await Assert.ThrowsAsync<LabException>(() => labs.UpAsync(new LabOptions { Name = name, Nodes = nodes }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(labs.Traces());
    }

    [Fact]
    public async Task Up_WithoutTheProgram_SaysWhichIsMissing()
    {
        await using var labs = new TestLabs();
        var broken = new LabCluster(labs.Paths, new LabMachine("/nonexistent/waggle"));
        LabException error = await Assert.ThrowsAsync<LabException>(() => broken.UpAsync(TestLabs.Options("a"), NoProgress.Instance, Cancellation));
        Assert.Contains("/nonexistent/waggle is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KubeconfigPath_OfNoLab_SaysHowToStartOne()
    {
        LabException error = Assert.Throws<LabException>(() => new LabCluster(new LabPaths("/nonexistent", "/nonexistent", "nonexistent")).KubeconfigPath("x"));
        Assert.Contains("waggle lab up --name x", error.Message, StringComparison.Ordinal);
    }

    private static Task<Pod> CreateHostPodAsync(KubeClient client, string name, string node, string script, string policy = "Never")
    {
        JsonObject pod = KubeYaml.ReadAll($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: default}
            spec:
              nodeName: {{node}}
              hostNetwork: true
              restartPolicy: {{policy}}
              terminationGracePeriodSeconds: 1
              automountServiceAccountToken: false
              containers: [{name: c, image: x, command: [sh, -c, "{{script}}"]}]
            """)[0];
        return client.CreateAsync(KubeTypes.Pods, KubeJson.FromJson<Pod>(pod), cancellation: Cancellation);
    }

    private static async Task<Pod> WaitAsync(KubeClient client, string name, Func<Pod, bool> condition)
    {
        await foreach (WatchEvent<Pod> change in client.WatchAsync(KubeTypes.Pods, "default", new WatchOptions { FieldSelector = $"metadata.name={name}" }, Cancellation))
        {
            if (change.Type is WatchEventType.Added or WatchEventType.Modified && condition(change.Object))
                return change.Object;
        }
        throw new InvalidOperationException("the watch ended");
    }

    /// <summary>Interfaces, addresses and routes of the machine's own namespace, as an independent witness sees them.</summary>
    private static async Task<string> MachineNetworkAsync()
    {
        using Process ip = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "ip -o link | sed 's/ qdisc.*//'; ip -o addr | sed 's/ valid_lft.*//'; ip route; ip -6 route; ip rule"]) { RedirectStandardOutput = true })!;
        return await ip.StandardOutput.ReadToEndAsync(Cancellation);
    }
}
