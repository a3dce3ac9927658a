using Waggle.Kube.Resources;

namespace Waggle.Lab.Tests.Nodes.Pods;

public sealed class PodProbeTests
{
    [Theory]
    [InlineData("httpGet: {path: /, port: web}")]
    [InlineData("tcpSocket: {port: 8080}")]
    [InlineData("exec: {command: [curl, -sf, 'http://127.0.0.1:8080/']}")]
    public async Task Readiness_OfAServer_MakesThePodReady(string probe)
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", $$"""
            containers:
              - name: c
                image: hashicorp/http-echo
                args: ["-listen=:8080", "-text=hi"]
                ports: [{name: web, containerPort: 8080}]
                readinessProbe: { {{probe}}, periodSeconds: 60 }
            """);
        await node.WaitRunningAsync("a");
    }

    [Fact]
    public async Task Readiness_ThatFails_SaysSoAndKeepsThePodRunning()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sleep, '1000'], readinessProbe: {exec: {command: [sh, -c, 'echo no; exit 1']}, periodSeconds: 1}}]");
        await node.WaitEventAsync("a", "Unhealthy: Readiness probe failed: no");
        Pod pod = await node.WaitPhaseAsync("a", "Running");
        Assert.Contains(pod.Status.Conditions, c => c is { Type: "Ready", Status: "False", Reason: "ContainersNotReady", Message: "containers with unready status: [c]" });
        Assert.Equal(0, pod.Status.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task Liveness_ThatFails_StartsTheContainerAgain()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sleep, '1000'], livenessProbe: {exec: {command: ['false']}, periodSeconds: 1, failureThreshold: 1}}]");
        await node.WaitAsync("a", pod => pod.Status.ContainerStatuses.FirstOrDefault()?.RestartCount == 1);
        await node.WaitEventAsync("a", "Killing: Container c failed liveness probe, will be restarted");
    }

    [Fact]
    public async Task Startup_HoldsReadinessBack()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sh, -c, 'until test -e /tmp/go; do sleep 0.05; done; touch /tmp/up; exec sleep 1000'], startupProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1, failureThreshold: 1000}}]");
        Pod before = await node.WaitPhaseAsync("a", "Running");
        Assert.False(before.Status.ContainerStatuses[0].Started);
        Assert.Equal(0, (await node.ExecAsync("a", "touch", "/tmp/go")).Code);
        Pod after = await node.WaitRunningAsync("a");
        Assert.True(after.Status.ContainerStatuses[0].Started);
    }

    [Fact]
    public async Task PreStop_RunsBeforeTheSignal()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", """
            restartPolicy: Never
            terminationGracePeriodSeconds: 20
            volumes: [{name: h, hostPath: {path: /srv/out, type: DirectoryOrCreate}}]
            containers:
              - name: c
                image: x
                command: [sh, -c, "trap 'cat /tmp/hook > /h/seen; exit 0' TERM; touch /tmp/up; while :; do sleep 0.05; done"]
                volumeMounts: [{name: h, mountPath: /h}]
                readinessProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1}
                lifecycle: {preStop: {exec: {command: [sh, -c, "echo first > /tmp/hook"]}}}
            """);
        await node.WaitRunningAsync("a");
        await node.Client.DeleteAsync(Waggle.Kube.Client.KubeTypes.Pods, "default", "a", cancellation: TestContext.Current.CancellationToken);
        await node.WaitGoneAsync("a");
        await node.CreatePodAsync("b", "{restartPolicy: Never, volumes: [{name: h, hostPath: {path: /srv/out}}], containers: [{name: c, image: x, command: [cat, /h/seen], volumeMounts: [{name: h, mountPath: /h}]}]}");
        await node.WaitPhaseAsync("b", "Succeeded");
        Assert.Equal("first\n", await node.LogsAsync("b"));
    }
}
