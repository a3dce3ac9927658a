using System.Text.RegularExpressions;
using Waggle.Kube.Client;
using Waggle.Lab.Controllers;

namespace Waggle.Lab.Tests.Controllers;

public sealed class DeploymentTests : IAsyncLifetime
{
    private readonly ControllerFixture _lab = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _lab.InitializeAsync();
        await _lab.AddNodeAsync("node-a");
        await _lab.AddNodeAsync("node-b");
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Apply_NewDeployment_PodsNamedAsKubernetesDoesAndRolloutSucceeds()
    {
        await _lab.ApplyAsync(Manifest(replicas: 3));
        Assert.Contains("successfully rolled out", await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s"), StringComparison.Ordinal);
        var pods = await _lab.WaitPodsAsync("default", p => p.Count == 3);

        Assert.All(pods, p => Assert.Matches(new Regex("^web-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$"), p.Metadata.Name));
        Assert.Equal(2, pods.Select(p => p.Spec.NodeName).Distinct().Count());
        var deployment = await _lab.Client.GetAsync(KubeTypes.Deployments, "default", "web", Cancellation);
        Assert.Equal("1", deployment.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("MinimumReplicasAvailable", deployment.Status.Conditions.Find("Available")!.Reason);
        var set = Assert.Single((await _lab.Client.ListAsync(KubeTypes.ReplicaSets, "default", cancellation: Cancellation)).Items);
        Assert.Equal(set.Metadata.Labels["pod-template-hash"], pods[0].Metadata.Labels["pod-template-hash"]);
        foreach (var message in new[] { $"Scaled up replica set {set.Metadata.Name} from 0 to 3", $"Created pod: {pods[0].Metadata.Name}" })
        {
            await _lab.WaitEventAsync(message, e => e.Message == message);
        }
    }

    [Fact]
    public async Task Update_RollingUpdate_NeverBelowMinimumNorAboveSurge()
    {
        await _lab.ApplyAsync(Manifest(replicas: 4, strategy: "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}"));
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        var worst = (Available: int.MaxValue, Total: 0);
        _lab.Pods.OnChange(_ =>
        {
            var pods = _lab.Pods.Objects.Values.Where(p => !p.IsTerminating()).ToList();
            worst = (Math.Min(worst.Available, pods.Count(p => p.IsReady())), Math.Max(worst.Total, pods.Count));
        });
        await _lab.KubectlAsync("set", "image", "deployment/web", "main=netshoot:2");
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        await _lab.WaitPodsAsync("default", p => p.Count == 4 && p.All(x => x.Spec.Containers[0].Image == "netshoot:2"));

        Assert.True(worst.Available >= 3, $"only {worst.Available} pods were available");
        Assert.True(worst.Total <= 5, $"{worst.Total} pods at once");
        Assert.Equal(2, (await _lab.Client.ListAsync(KubeTypes.ReplicaSets, "default", cancellation: Cancellation)).Items.Count);
    }

    [Fact]
    public async Task Undo_AfterUpdate_OldReplicaSetComesBackAsNewestRevision()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2));
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        await _lab.KubectlAsync("set", "image", "deployment/web", "main=netshoot:2");
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        Assert.Equal(["1", "2"], Revisions(await _lab.KubectlAsync("rollout", "history", "deployment/web")));
        await _lab.KubectlAsync("rollout", "undo", "deployment/web");
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");

        Assert.Equal(["2", "3"], Revisions(await _lab.KubectlAsync("rollout", "history", "deployment/web")));
        await _lab.WaitPodsAsync("default", p => p.Count == 2 && p.All(x => x.Spec.Containers[0].Image == "netshoot:1"));

        static string[] Revisions(string output) => [.. output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 1 && int.TryParse(w[0], out var _)).Select(w => w[0])];
    }

    [Fact]
    public async Task Scale_UpAndDownToZero_PodsFollow()
    {
        await _lab.ApplyAsync(Manifest(replicas: 1));
        await _lab.KubectlAsync("scale", "deployment/web", "--replicas=5");
        await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 5);
        await _lab.KubectlAsync("scale", "deployment/web", "--replicas=2");
        await _lab.WaitPodsAsync("default", p => p.Count == 2);
        await _lab.KubectlAsync("scale", "deployment/web", "--replicas=0");
        await _lab.WaitPodsAsync("default", p => p.Count == 0);
        var done = await _lab.WaitAsync(KubeTypes.Deployments, "default", "web", d => d is { Status: { Replicas: null or 0, AvailableReplicas: null or 0 } } && d.Status.ObservedGeneration == d.Metadata.Generation);

        Assert.Equal("True", done.Status.Conditions.Find("Available")!.Status);
    }

    [Fact]
    public async Task Delete_Pod_ReplacedByAnother()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2));
        var before = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
        await _lab.KubectlAsync("delete", "pod", before[0].Metadata.Name!);
        var after = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2 && p.All(x => x.Metadata.Name != before[0].Metadata.Name));

        Assert.Contains(after, p => p.Metadata.Name == before[1].Metadata.Name);
    }

    [Fact]
    public async Task Update_Recreate_OldPodsAreGoneBeforeNewOnesStart()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2, strategy: "{type: Recreate}"));
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        var mixed = false;
        _lab.Pods.OnChange(_ => mixed |= _lab.Pods.Objects.Values.Select(p => p.Spec.Containers[0].Image).Distinct().Count() > 1);
        await _lab.KubectlAsync("set", "image", "deployment/web", "main=netshoot:2");
        await _lab.WaitPodsAsync("default", p => p.Count == 2 && p.All(x => x.IsReady() && x.Spec.Containers[0].Image == "netshoot:2"));

        Assert.False(mixed);
    }

    [Fact]
    public async Task Update_NewPodsNeverReady_StopsAtTheBudgetAndDeadlineIsReported()
    {
        await _lab.ApplyAsync(Manifest(replicas: 3, extra: "progressDeadlineSeconds: 1, minReadySeconds: 0,"));
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        await _lab.KubectlAsync("patch", "deployment", "web", "-p", """{"spec":{"template":{"metadata":{"labels":{"broken":"yes"}}}}}""");
        var stuck = await _lab.WaitAsync(KubeTypes.Deployments, "default", "web", d => d!.Status.Conditions.Find("Progressing")?.Reason == "ProgressDeadlineExceeded");

        Assert.Equal(3, stuck.Status.AvailableReplicas);
        Assert.Equal(1, stuck.Status.UpdatedReplicas);
        await _lab.KubectlAsync("rollout", "undo", "deployment/web");
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
    }

    [Fact]
    public async Task Pause_TemplateChanges_NothingRollsUntilResumed()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2));
        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        await _lab.KubectlAsync("rollout", "pause", "deployment/web");
        await _lab.KubectlAsync("set", "image", "deployment/web", "main=netshoot:2");
        await _lab.KubectlAsync("scale", "deployment/web", "--replicas=3");
        var pods = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 3);
        Assert.All(pods, p => Assert.Equal("netshoot:1", p.Spec.Containers[0].Image));
        await _lab.WaitAsync(KubeTypes.Deployments, "default", "web", d => d!.Status.Conditions.Find("Progressing")?.Reason == "DeploymentPaused");
        await _lab.KubectlAsync("rollout", "resume", "deployment/web");

        await _lab.WaitPodsAsync("default", p => p.Count == 3 && p.All(x => x.IsReady() && x.Spec.Containers[0].Image == "netshoot:2"));
    }

    [Fact]
    public async Task Apply_Template_FieldsWeDoNotModelReachThePods()
    {
        await _lab.ApplyAsync(Manifest(replicas: 1, pod: "priorityClassName: system-node-critical, dnsConfig: {nameservers: [1.2.3.4]}, setHostnameAsFQDN: true,"));
        var pod = (await _lab.WaitPodsAsync("default", p => p.Count == 1))[0];
        var raw = await _lab.Client.GetRawAsync($"api/v1/namespaces/default/pods/{pod.Metadata.Name}", Cancellation);

        Assert.Equal("1.2.3.4", (string?)raw["spec"]!["dnsConfig"]!["nameservers"]![0]);
        Assert.True((bool)raw["spec"]!["setHostnameAsFQDN"]!);
    }

    [Fact]
    public async Task HistoryLimit_ManyRevisions_OldReplicaSetsAreDeleted()
    {
        await _lab.ApplyAsync(Manifest(replicas: 1, extra: "revisionHistoryLimit: 1,"));
        for (var i = 2; i <= 4; i++)
        {
            await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
            await _lab.KubectlAsync("set", "image", "deployment/web", $"main=netshoot:{i}");
        }

        await _lab.KubectlAsync("rollout", "status", "deployment/web", "--timeout=50s");
        while ((await _lab.Client.ListAsync(KubeTypes.ReplicaSets, "default", cancellation: Cancellation)).Items.Count > 2)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    [Fact]
    public async Task ReplicaSet_LabelTakenOffAPod_PodIsReleasedAndReplaced()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2));
        var pods = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
        await _lab.KubectlAsync("label", "pod", pods[0].Metadata.Name!, "app-");
        var after = await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 3);
        Assert.Null(after.Single(p => p.Metadata.Name == pods[0].Metadata.Name).Metadata.ControllerOwner());

        // And taken back: one is too many then.
        await _lab.KubectlAsync("label", "pod", pods[0].Metadata.Name!, "app=web");
        await _lab.WaitPodsAsync("default", p => p.Count == 2 && p.All(x => x.Metadata.ControllerOwner() is not null));
    }

    [Fact]
    public async Task Quota_PodsRefused_EventAndConditionSayWhy()
    {
        await _lab.ApplyAsync(Manifest(replicas: 2, pod: "priorityClassName: no-such-class,"));
        var set = await _lab.WaitAsync(KubeTypes.Deployments, "default", "web", d => d!.Status.Conditions.Find("ReplicaFailure") is not null);

        Assert.Contains("no-such-class", set.Status.Conditions.Find("ReplicaFailure")!.Message, StringComparison.Ordinal);
        await _lab.WaitEventAsync("FailedCreate", e => e.Reason == "FailedCreate");
    }

    private static string Manifest(int replicas, string strategy = "{}", string extra = "", string pod = "") => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec: { {{extra}} replicas: {{replicas}}, strategy: {{strategy}}, selector: {matchLabels: {app: web} },
          template: {metadata: {labels: {app: web} }, spec: { {{pod}} containers: [{name: main, image: "netshoot:1", command: [sleep, infinity]}] } } }
        """;
}
