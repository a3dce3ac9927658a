using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.Tests.Nodes.Pods;

public sealed class PodLifecycleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pod_OnABridgeNetwork_RunsWithAddressEnvironmentAndLogs()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", """
            containers:
              - name: main
                image: nicolaka/netshoot
                command: [sh, -c, "echo $GREETING $(POD); echo err >&2; hostname -I; exec sleep 1000"]
                env:
                  - {name: NAME, value: world}
                  - {name: GREETING, value: "hello $(NAME) $$(NAME)"}
                  - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                  - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            """);
        Pod pod = await node.WaitRunningAsync("a");
        Assert.StartsWith("10.77.0.", pod.Status.Ip, StringComparison.Ordinal);
        Assert.Equal("172.18.0.2", pod.Status.HostIp);
        Assert.Equal("BestEffort", pod.Status.QosClass);
        Assert.Equal("docker.io/nicolaka/netshoot:latest", pod.Status.ContainerStatuses[0].Image);
        (int code, string output) = await node.ExecAsync("a", "sh", "-c", "echo $GREETING; echo $IP; hostname; ip -4 -o addr show eth0 | wc -l; exit 3");
        Assert.Equal((3, $"hello world $(NAME)\n{pod.Status.Ip}\na\n1\n"), (code, output));
        await node.WaitLogAsync("a", "hello world $(NAME) a\n");
    }

    [Fact]
    public async Task Pods_OnOneNode_ReachEachOther()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("server", "containers: [{name: c, image: alpine/socat, args: ['TCP-LISTEN:80,fork,reuseaddr', 'SYSTEM:echo served']}]");
        await node.CreatePodAsync("client", "containers: [{name: c, image: nicolaka/netshoot, command: [sleep, '1000']}]");
        Pod server = await node.WaitRunningAsync("server");
        await node.WaitRunningAsync("client");
        (int code, string output) = await node.ExecAsync("client", "socat", "-", $"TCP:{server.Status.Ip}:80,retry=50,interval=0.1");
        Assert.Equal((0, "served\n"), (code, output));
        await using Stream port = await node.Node.ConnectPortAsync("default", "server", 80, Cancellation);
        Assert.Equal("served\n", await new StreamReader(port).ReadToEndAsync(Cancellation));
        NodeRuntimeException refused = await Assert.ThrowsAsync<NodeRuntimeException>(() => node.Node.ConnectPortAsync("default", "server", 81, Cancellation));
        Assert.Contains("failed to connect to localhost:81", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Never", "exit 0", "Succeeded", "Completed", 0)]
    [InlineData("Never", "exit 4", "Failed", "Error", 4)]
    [InlineData("OnFailure", "exit 0", "Succeeded", "Completed", 0)]
    public async Task Pod_ThatEnds_HasPhaseReasonAndExitCode(string policy, string script, string phase, string reason, int code)
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", $"{{restartPolicy: {policy}, containers: [{{name: c, image: busybox, command: [sh, -c, 'echo bye > /dev/termination-log; {script}']}}]}}");
        Pod pod = await node.WaitPhaseAsync("a", phase);
        ContainerStateTerminated end = pod.Status.ContainerStatuses[0].State!.Terminated!;
        Assert.Equal((reason, code, "bye\n"), (end.Reason, end.ExitCode, end.Message));
        Assert.Equal("", await node.LogsAsync("a"));
    }

    [Fact]
    public async Task Pod_ThatCrashes_IsStartedAgainAndThenBacksOff()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: busybox, command: [sh, -c, 'echo run; exit 7']}]");
        Pod pod = await node.WaitAsync("a", p => p.Status.ContainerStatuses.FirstOrDefault()?.State?.Waiting?.Reason == "CrashLoopBackOff");
        ContainerStatus status = pod.Status.ContainerStatuses[0];
        Assert.Equal(1, status.RestartCount);
        Assert.Equal(7, status.LastState!.Terminated!.ExitCode);
        Assert.Equal("Running", pod.Status.Phase);
        Assert.StartsWith("back-off 10s restarting failed container=c pod=a_default(", status.State!.Waiting!.Message, StringComparison.Ordinal);
        Assert.Equal("run\n", await node.LogsAsync("a"));
        Assert.Equal("run\n", await node.LogsAsync("a", options: new LogOptions(false, true, false, null, null, null, null)));
        await node.WaitEventAsync("a", "BackOff: Back-off restarting failed container c in pod a_default(");
    }

    [Fact]
    public async Task Pod_WithUnknownImageAndNoCommand_SaysHowToMendIt()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: 'example.com/some/thing:v1'}]");
        Pod pod = await node.WaitAsync("a", p => p.Status.ContainerStatuses.FirstOrDefault()?.State?.Waiting?.Reason == "ErrImagePull");
        string message = pod.Status.ContainerStatuses[0].State!.Waiting!.Message!;
        Assert.Contains("no program for \"example.com/some/thing\"", message, StringComparison.Ordinal);
        Assert.Contains("/etc/waggle/images.yaml", message, StringComparison.Ordinal);
        Assert.Equal("Pending", pod.Status.Phase);
        await node.WaitAsync("a", p => p.Status.ContainerStatuses[0].State?.Waiting?.Reason == "ImagePullBackOff");
    }

    [Fact]
    public async Task Pod_WithMissingProgram_NamesItsPackage()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{restartPolicy: Never, containers: [{name: c, image: x, command: [no-such-program]}]}");
        Pod pod = await node.WaitPhaseAsync("a", "Failed");
        ContainerStateTerminated end = pod.Status.ContainerStatuses[0].State!.Terminated!;
        Assert.Equal(("StartError", 128), (end.Reason, end.ExitCode));
        Assert.Contains("exec: \"no-such-program\": executable file not found in $PATH. Containers run the programs of this machine", end.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trap 'echo caught; exit 0' TERM; echo up; while :; do sleep 0.05; done", "caught", 60)]
    [InlineData("trap 'echo ignored' TERM; echo up; while :; do sleep 0.05; done", "ignored", 1)]
    public async Task Delete_OfAPod_TerminatesGracefullyOrKills(string script, string said, int grace)
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", $"{{terminationGracePeriodSeconds: {grace}, containers: [{{name: c, image: x, command: [sh, -c, \"{script}\"]}}]}}");
        await node.WaitRunningAsync("a");
        using var log = new MemoryStream();
        Task follow = node.Node.ReadLogsAsync(new ContainerRef("default", "a", null), new LogOptions(true, false, false, null, null, null, null), log, Cancellation);
        // The handler is there when the script says so.
        while (!System.Text.Encoding.UTF8.GetString(log.ToArray()).Contains("up", StringComparison.Ordinal))
            await Task.Delay(10, Cancellation);
        await node.Client.DeleteAsync(KubeTypes.Pods, "default", "a", cancellation: Cancellation);
        await node.WaitGoneAsync("a");
        await follow;
        Assert.Contains(said, System.Text.Encoding.UTF8.GetString(log.ToArray()), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(node.Paths.Pods));
        Assert.Equal(0, node.PodCgroups);
        while (Directory.EnumerateFileSystemEntries(node.Paths.Logs).Any())
            await Task.Delay(10, Cancellation);
    }

    [Fact]
    public async Task Delete_WithoutGrace_RemovesAtOnceAndLeavesNoProcess()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{terminationGracePeriodSeconds: 600, containers: [{name: c, image: x, command: [sh, -c, \"trap '' TERM; while :; do sleep 0.1; done\"]}]}");
        Pod pod = await node.WaitRunningAsync("a");
        await node.Client.DeleteAsync(KubeTypes.Pods, "default", "a", new DeleteOptions { GracePeriodSeconds = 0 }, Cancellation);
        await node.WaitGoneAsync("a");
        while (Directory.Exists(node.Paths.PodDirectory(pod.Metadata.Uid!)))
            await Task.Delay(20, Cancellation);
    }

    [Fact]
    public async Task InitContainers_RunInOrderBeforeTheOthers()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", """
            volumes: [{name: v, emptyDir: {}}]
            initContainers:
              - {name: one, image: x, command: [sh, -c, "echo 1 >> /v/order"], volumeMounts: [{name: v, mountPath: /v}]}
              - {name: side, image: x, restartPolicy: Always, command: [sh, -c, "echo side >> /v/order; exec sleep 1000"], volumeMounts: [{name: v, mountPath: /v}]}
              - {name: two, image: x, command: [sh, -c, "until grep -q side /v/order; do sleep 0.05; done; echo 2 >> /v/order"], volumeMounts: [{name: v, mountPath: /v}]}
            containers:
              - {name: c, image: x, command: [sh, -c, "cat /v/order; exec sleep 1000"], volumeMounts: [{name: v, mountPath: /v}]}
            """);
        Pod pod = await node.WaitRunningAsync("a");
        await node.WaitLogAsync("a", "1\nside\n2\n", "c");
        Assert.Equal(["Completed", null, "Completed"], pod.Status.InitContainerStatuses.Select(s => s.State?.Terminated?.Reason));
    }

    [Fact]
    public async Task InitContainer_ThatFails_FailsAPodThatNeverRestarts()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{restartPolicy: Never, initContainers: [{name: i, image: x, command: ['false']}], containers: [{name: c, image: x, command: ['true']}]}");
        Pod pod = await node.WaitPhaseAsync("a", "Failed");
        Assert.Equal("PodInitializing", pod.Status.ContainerStatuses[0].State!.Waiting!.Reason);
    }

    [Fact]
    public async Task Network_ThatIsMissing_HoldsPodsBackUntilItAppears()
    {
        await using NodeFixture node = await NodeFixture.StartAsync(network: false);
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sleep, '1000']}]");
        await node.CreatePodAsync("h", "{hostNetwork: true, containers: [{name: c, image: x, command: [sleep, '1000']}]}");
        Pod host = await node.WaitRunningAsync("h");
        Assert.Equal("172.18.0.2", host.Status.Ip);
        await node.WaitEventAsync("a", "NetworkNotReady: network is not ready");
        Node before = await node.Client.GetAsync(KubeTypes.Nodes, null, NodeFixture.NodeName, Cancellation);
        Assert.Contains(before.Status.Conditions, c => c is { Type: "Ready", Status: "False" } && c.Message!.Contains("cni config uninitialized", StringComparison.Ordinal));
        node.InstallNetwork();
        await node.WaitRunningAsync("a");
        while (!(await node.Client.GetAsync(KubeTypes.Nodes, null, NodeFixture.NodeName, Cancellation)).Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }))
            await Task.Delay(20, Cancellation);
    }

    [Fact]
    public async Task Network_ThatRefuses_IsReportedAndTriedAgain()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        File.Move($"{node.Paths.CniPlugins}/host-local", $"{node.Paths.CniPlugins}/away");
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sleep, '1000']}]");
        string said = await node.WaitEventAsync("a", "FailedCreatePodSandBox");
        Assert.Contains("plugin type=\"bridge\" name=\"testnet\" failed (add)", said, StringComparison.Ordinal);
        File.Move($"{node.Paths.CniPlugins}/away", $"{node.Paths.CniPlugins}/host-local");
        await node.WaitRunningAsync("a");
    }
}
