using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

/// <summary>Commands that ask the API server.</summary>
public sealed class ClusterCommandsTests
{
    private const string Root = "/apis/apps/v1/namespaces/kube-system";

    [Fact]
    public async Task ConfigView_ShowsTheMap()
    {
        using var cluster = WithConfig();
        Assert.Equal(
            "debug                                                false\nmulticast-enabled                                    false\n",
            (await cluster.RunAsync("cilium", "config", "view")).Output);
    }

    [Fact]
    public async Task ConfigSet_LiveKey_PatchesAndRestartsNothing()
    {
        using var cluster = WithConfig();
        var outcome = await cluster.RunAsync("cilium", "config", "set", "multicast-enabled", "true");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.StartsWith("✨ Patching ConfigMap cilium-config with multicast-enabled=true...\n♻️  ", outcome.Output);
        Assert.DoesNotContain(cluster.Server.Requests, request => request.Method == "DELETE");
        Assert.Contains(cluster.Server.Requests, request => request is { Method: "PATCH", Body: """{"data":{"multicast-enabled":"true"}}""" });
        Assert.Equal("true\n", (await cluster.RunAsync("cilium", "config", "get", "multicast-enabled")).Output);
    }

    [Fact]
    public async Task ConfigSet_OtherKey_RestartsThePods()
    {
        using var cluster = WithConfig()
            .With("/api/v1/namespaces/kube-system/pods", """[{"metadata":{"name":"cilium-a","uid":"old"},"status":{"phase":"Running"}}]""")
            .With("/api/v1/namespaces/kube-system/pods/cilium-a", "{}")
            .With(Root + "/daemonsets/cilium", """{"metadata":{"name":"cilium"},"status":{"desiredNumberScheduled":1}}""");
        // The pod never gets a successor here, so that the wait must give up.
        var outcome = await cluster.RunAsync("cilium", "config", "set", "cluster-name", "other", "--wait-duration", "1ms");
        Assert.Equal(ExitCode.Timeout, outcome.Code);
        Assert.EndsWith("♻️  Restarted Cilium pods\n", outcome.Output);
        Assert.Contains(cluster.Server.Requests, request => request.Method == "DELETE" && request.Path.StartsWith("/api/v1/namespaces/kube-system/pods/cilium-a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ConfigSet_RestartFalse_SaysWhatIsLeft()
    {
        using var cluster = WithConfig();
        var outcome = await cluster.RunAsync("cilium", "config", "set", "cluster-name", "other", "--restart=false");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains("rollout restart", outcome.Error);
    }

    [Fact]
    public async Task ConfigGet_UnsetKey_GivesTheDefaultWithARemark()
    {
        using var cluster = WithConfig();
        var outcome = await cluster.RunAsync("cilium", "config", "get", "tunnel-port");
        Assert.Equal((ExitCode.Ok, "8472\n"), (outcome.Code, outcome.Output));
        Assert.Contains("default", outcome.Error);
    }

    [Fact]
    public async Task ConfigView_NoInstallation_SaysSo()
    {
        using var cluster = new FakeCluster();
        var outcome = await cluster.RunAsync("cilium", "config", "view");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("there is no ConfigMap kube-system/cilium-config", outcome.Error);
    }

    [Fact]
    public async Task Status_HealthyInstallation_IsOk()
    {
        using var cluster = WithInstallation(ready: 2);
        var outcome = await cluster.RunAsync("cilium", "status", "--wait");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains("Cilium:             OK\n", outcome.Output);
        Assert.Contains("Hubble Relay:       disabled\n", outcome.Output);
        Assert.Contains("DaemonSet              cilium             Desired: 2, Ready: 2/2, Available: 2/2\n", outcome.Output);
        Assert.Contains("Containers:            cilium             Running: 2\n", outcome.Output);
        Assert.Contains("Cluster Pods:          1/2 managed by Cilium\n", outcome.Output);
        Assert.Contains("quay.io/waggle/waggle:v0.1.0: 2\n", outcome.Output);
    }

    [Theory]
    [InlineData("""{"healthy":false,"modules":[{"module":"reconciler/routes","ok":false,"message":"no such device"},{"module":"api","ok":true}]}""", "reconciler/routes: no such device", true)]
    [InlineData("oops", "does not tell its status", false)]
    public void AgentProblems_OfAnAnswer_AreNamed(string answer, string expected, bool isError)
    {
        var pod = new Waggle.Kube.Resources.Pod { Metadata = new() { Name = "cilium-a" } };
        var problem = Assert.Single(Waggle.Commands.Status.AgentProblems.Judge(pod, new(1, answer, "")));
        Assert.Equal(("cilium-a", isError), (problem.Object, problem.IsError));
        Assert.Contains(expected, problem.Message);
    }

    [Fact]
    public async Task Status_AgentNotReady_FailsAndSaysWhy()
    {
        using var cluster = WithInstallation(ready: 1);
        var outcome = await cluster.RunAsync("cilium", "status");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("Cilium:             1 errors\n", outcome.Output);
        Assert.Contains("1 pod of DaemonSet cilium is not ready", outcome.Output);
    }

    [Fact]
    public async Task Status_WaitGivesUp_IsATimeout()
    {
        using var cluster = WithInstallation(ready: 1);
        Assert.Equal(ExitCode.Timeout, (await cluster.RunAsync("cilium", "status", "--wait", "--wait-duration", "1ms", "-o", "json")).Code);
    }

    [Fact]
    public async Task Status_NothingInstalled_Fails()
    {
        using var cluster = new FakeCluster().With("/api/v1/namespaces/kube-system/pods", "[]").With("/api/v1/pods", "[]");
        var outcome = await cluster.RunAsync("cilium", "status");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("DaemonSet kube-system/cilium does not exist", outcome.Output);
    }

    [Fact]
    public async Task EndpointList_OfTheCluster_ShowsPods()
    {
        using var cluster = new FakeCluster().With("/apis/cilium.io/v2/ciliumendpoints", """
            [{"metadata":{"name":"luke","namespace":"default"},"status":{"id":12,"state":"ready","identity":{"id":4711,"labels":["k8s:a=b"]},"networking":{"addressing":[{"ipv4":"10.0.1.200"}],"node":"172.18.0.3"}}}]
            """);
        Assert.Equal(
            "NAMESPACE   NAME   ENDPOINT   IDENTITY   STATE   IPV4         IPV6   NODE\ndefault     luke   12         4711       ready   10.0.1.200   -      172.18.0.3\n",
            (await cluster.RunAsync("cilium", "endpoint", "list")).Output);
        Assert.Equal("default/luke\n", (await cluster.RunAsync("cilium", "endpoint", "list", "-o", "name")).Output);
    }

    [Fact]
    public async Task Version_NamesTheRunningImage()
    {
        using var cluster = WithInstallation(ready: 2);
        Assert.Contains("cilium image (running): quay.io/waggle/waggle:v0.1.0\n", (await cluster.RunAsync("cilium", "version")).Output);
    }

    [Fact]
    public async Task Version_Client_AsksNobody()
    {
        using var cluster = new FakeCluster();
        var outcome = await cluster.RunAsync("cilium", "version", "--client");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.StartsWith("cilium-cli: v", outcome.Output);
        Assert.Empty(cluster.Server.Requests);
    }

    private static FakeCluster WithConfig() =>
        new FakeCluster().With("/api/v1/namespaces/kube-system/configmaps/cilium-config", """{"metadata":{"name":"cilium-config"},"data":{"multicast-enabled":"false","debug":"false"}}""");

    private static FakeCluster WithInstallation(int ready) => new FakeCluster()
        .With(Root + "/daemonsets/cilium", $$$"""
            {"metadata":{"name":"cilium"},"spec":{"selector":{"matchLabels":{"k8s-app":"cilium"}},"template":{"spec":{"containers":[{"name":"cilium-agent","image":"quay.io/waggle/waggle:v0.1.0"}]} } },
             "status":{"desiredNumberScheduled":2,"numberReady":{{{ready}}},"numberAvailable":{{{ready}}} }}
            """)
        .With(Root + "/deployments/cilium-operator", """{"metadata":{"name":"cilium-operator"},"spec":{"replicas":1,"selector":{"matchLabels":{"name":"cilium-operator"}}},"status":{"readyReplicas":1,"availableReplicas":1}}""")
        .With("/api/v1/namespaces/kube-system/pods", """
            [{"metadata":{"name":"cilium-a","labels":{"k8s-app":"cilium"}},"spec":{"hostNetwork":true,"containers":[{"name":"cilium-agent","image":"quay.io/waggle/waggle:v0.1.0"}]},"status":{"phase":"Running"}},
             {"metadata":{"name":"cilium-b","labels":{"k8s-app":"cilium"}},"spec":{"hostNetwork":true,"containers":[{"name":"cilium-agent","image":"quay.io/waggle/waggle:v0.1.0"}]},"status":{"phase":"Running"}}]
            """)
        .With("/api/v1/pods", """
            [{"metadata":{"name":"luke","namespace":"default"},"status":{"phase":"Running"}},{"metadata":{"name":"leia","namespace":"default"},"status":{"phase":"Running"}},
             {"metadata":{"name":"done","namespace":"default"},"status":{"phase":"Succeeded"}},{"metadata":{"name":"cilium-a","namespace":"kube-system"},"spec":{"hostNetwork":true},"status":{"phase":"Running"}}]
            """)
        .With("/apis/cilium.io/v2/ciliumendpoints", """[{"metadata":{"name":"luke","namespace":"default"}}]""");
}
