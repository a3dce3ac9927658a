using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Controllers;

namespace Waggle.Lab.Tests.Controllers;

public sealed class DaemonSetTests : IAsyncLifetime
{
    private readonly ControllerFixture _lab = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _lab.InitializeAsync();
        await _lab.AddNodeAsync("node-a", ("zone", "x"));
        await _lab.AddNodeAsync("node-b", ("zone", "y"));
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Apply_NewSet_OnePodPerNodeAlsoOnNodesThatJoinLater()
    {
        await _lab.ApplyAsync(Manifest());
        Assert.Contains("successfully rolled out", await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s"), StringComparison.Ordinal);
        await _lab.AddNodeAsync("node-c");
        var pods = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 3);

        Assert.Equal(["node-a", "node-b", "node-c"], pods.Select(p => p.Spec.NodeName).Order());
        var set = await _lab.WaitAsync(KubeTypes.DaemonSets, "default", "agent", d => d!.Status.NumberAvailable == 3);
        Assert.Equal((3, 3, 3, 0), (set.Status.DesiredNumberScheduled, set.Status.CurrentNumberScheduled, set.Status.UpdatedNumberScheduled, set.Status.NumberMisscheduled));
        Assert.Contains(pods[0].Spec.Tolerations, t => t is { Key: "node.kubernetes.io/not-ready", Effect: "NoExecute", TolerationSeconds: null });
    }

    [Fact]
    public async Task Node_Removed_ItsPodGoesAndStatusFollows()
    {
        await _lab.ApplyAsync(Manifest());
        await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
        await _lab.Client.DeleteAsync(KubeTypes.Nodes, null, "node-b", cancellation: Cancellation);

        await _lab.WaitAsync(KubeTypes.DaemonSets, "default", "agent", d => d!.Status.DesiredNumberScheduled == 1);
    }

    [Fact]
    public async Task Selector_NodeLabelChanges_PodsFollow()
    {
        await _lab.ApplyAsync(Manifest(pod: "nodeSelector: {zone: x},"));
        await _lab.WaitPodsAsync("default", p => p is [{ Spec.NodeName: "node-a" }]);
        await _lab.KubectlAsync("label", "node", "node-b", "zone=x", "--overwrite");
        await _lab.WaitPodsAsync("default", p => p.Count == 2);
        await _lab.KubectlAsync("label", "node", "node-a", "zone=z", "--overwrite");

        await _lab.WaitPodsAsync("default", p => p is [{ Spec.NodeName: "node-b" }]);
    }

    [Fact]
    public async Task Taint_NotTolerated_NoPodThereAndExistingStayUnlessNoExecute()
    {
        await _lab.KubectlAsync("taint", "node", "node-a", "own=yes:NoSchedule");
        await _lab.ApplyAsync(Manifest());
        await _lab.WaitPodsAsync("default", p => p is [{ Spec.NodeName: "node-b" }]);
        await _lab.KubectlAsync("taint", "node", "node-b", "own=yes:NoSchedule");
        var kept = await _lab.WaitAsync(KubeTypes.DaemonSets, "default", "agent", d => d!.Status is { DesiredNumberScheduled: 0, NumberMisscheduled: 1 });
        Assert.NotNull(kept);
        await _lab.KubectlAsync("taint", "node", "node-b", "own=yes:NoExecute");

        await _lab.WaitPodsAsync("default", p => p.Count == 0);
    }

    [Fact]
    public async Task Update_RollingUpdate_OneNodeAtATime()
    {
        await _lab.AddNodeAsync("node-c");
        await _lab.ApplyAsync(Manifest());
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");
        var least = int.MaxValue;
        _lab.Pods.OnChange(_ => least = Math.Min(least, _lab.Pods.Objects.Values.Count(p => p.IsReady() && !p.IsTerminating())));
        await _lab.KubectlAsync("set", "image", "ds/agent", "main=netshoot:2");
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");
        await _lab.WaitPodsAsync("default", p => p.Count == 3 && p.All(x => x.Spec.Containers[0].Image == "netshoot:2"));

        Assert.True(least >= 2, $"only {least} of 3 were available");
    }

    [Fact]
    public async Task Restart_ByAnnotation_EveryPodIsReplaced()
    {
        await _lab.ApplyAsync(Manifest());
        var before = (await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2)).Select(p => p.Metadata.Uid).ToHashSet();
        await _lab.KubectlAsync("rollout", "restart", "ds/agent");
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");

        await _lab.WaitPodsAsync("default", p => p.Count == 2 && !p.Any(x => before.Contains(x.Metadata.Uid)));
    }

    [Fact]
    public async Task Update_Surge_NewPodServesBeforeTheOldGoes()
    {
        await _lab.ApplyAsync(Manifest(extra: "updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},"));
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");
        var least = int.MaxValue;
        _lab.Pods.OnChange(_ => least = Math.Min(least, _lab.Pods.Objects.Values.Count(p => p.IsReady() && !p.IsTerminating())));
        await _lab.KubectlAsync("set", "image", "ds/agent", "main=netshoot:2");
        await _lab.WaitPodsAsync("default", p => p.Count == 2 && p.All(x => x.IsReady() && x.Spec.Containers[0].Image == "netshoot:2"));

        Assert.True(least >= 2, $"only {least} of 2 were available");
    }

    [Fact]
    public async Task Update_OnDelete_WaitsForTheUser()
    {
        await _lab.ApplyAsync(Manifest(extra: "updateStrategy: {type: OnDelete},"));
        var pods = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
        await _lab.KubectlAsync("set", "image", "ds/agent", "main=netshoot:2");
        await _lab.WaitAsync(KubeTypes.DaemonSets, "default", "agent", d => d!.Status.ObservedGeneration == d.Metadata.Generation && d.Status.UpdatedNumberScheduled == 0);
        await _lab.KubectlAsync("delete", "pod", pods[0].Metadata.Name!);

        var after = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2 && p.All(x => x.Metadata.Uid != pods[0].Metadata.Uid));
        Assert.Equal(["netshoot:1", "netshoot:2"], after.Select(p => p.Spec.Containers[0].Image).Order());
    }

    [Fact]
    public async Task Undo_AfterUpdate_FormerTemplateRuns()
    {
        await _lab.ApplyAsync(Manifest());
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");
        await _lab.KubectlAsync("set", "image", "ds/agent", "main=netshoot:2");
        await _lab.KubectlAsync("rollout", "status", "ds/agent", "--timeout=50s");
        await _lab.KubectlAsync("rollout", "undo", "ds/agent");

        await _lab.WaitPodsAsync("default", p => p.Count == 2 && p.All(x => x.IsReady() && x.Spec.Containers[0].Image == "netshoot:1"));
    }

    [Fact]
    public async Task Pod_Fails_ReplacedWithAnEvent()
    {
        await _lab.ApplyAsync(Manifest());
        var pods = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
        await _lab.Client.PatchAsync(KubeTypes.Pods, "default", pods[0].Metadata.Name!, KubePatch.Merge(new() { ["status"] = new JsonObject { ["phase"] = "Failed" } }), null, "status", Cancellation);

        await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2 && p.All(x => x.Metadata.Uid != pods[0].Metadata.Uid));
        await _lab.WaitEventAsync("FailedDaemonPod", e => e.Reason == "FailedDaemonPod");
    }

    private static string Manifest(string extra = "", string pod = "") => $$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec: { {{extra}} selector: {matchLabels: {app: agent} },
          template: {metadata: {labels: {app: agent} }, spec: { {{pod}} containers: [{name: main, image: "netshoot:1", command: [sleep, infinity]}] } } }
        """;
}
