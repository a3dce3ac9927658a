using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>Roles and bindings decide, as kubectl sees it.</summary>
public sealed class RbacTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Role_BoundToAServiceAccount_AllowsThatAndNothingElse()
    {
        var robot = await RobotAsync("reader");
        Assert.Equal("no", await CanAsync(robot, "list", "pods"));
        await server.KubectlAsync("create", "role", "pod-reader", "--verb=get,list,watch", "--resource=pods,pods/log");
        (await server.KubectlAsync("create", "rolebinding", "reader-reads", "--role=pod-reader", "--serviceaccount=default:reader")).Check();
        Assert.Equal("yes", await CanAsync(robot, "list", "pods"));
        Assert.Equal("yes", await CanAsync(robot, "get", "pods", "--subresource=log"));
        Assert.Equal("no", await CanAsync(robot, "get", "pods", "--subresource=exec"));
        Assert.Equal("no", await CanAsync(robot, "delete", "pods"));
        Assert.Equal("no", await CanAsync(robot, "list", "pods", "--namespace=kube-system"));
        Assert.Equal("no", await CanAsync(robot, "list", "pods", "--all-namespaces"));
        Assert.Equal("no", await CanAsync(robot, "list", "secrets"));
        Assert.Equal("", (await robot("get", "pods", "-o", "name")).Ok.Trim());

        var refused = await robot("delete", "pods", "--all");
        Assert.Equal(0, refused.ExitCode); // nothing there to delete, and looking is allowed
        refused = await robot("get", "configmaps");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("configmaps is forbidden: User \"system:serviceaccount:default:reader\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"", refused.Error, StringComparison.Ordinal);
        refused = await robot("create", "configmap", "mine");
        Assert.Contains("cannot create resource \"configmaps\"", refused.Error, StringComparison.Ordinal);

        var list = (await robot("auth", "can-i", "--list")).Ok;
        Assert.Matches(@"pods\s+\[\]\s+\[\]\s+\[get list watch\]", list);
        Assert.DoesNotContain("secrets", list, StringComparison.Ordinal);

        await server.KubectlAsync("delete", "rolebinding", "reader-reads");
        Assert.Equal("no", await CanAsync(robot, "list", "pods"));
    }

    [Fact]
    public async Task ClusterRole_BoundEverywhereOrInOneNamespace_HoldsThere()
    {
        // A namespace of its own: the group below is that of all its service accounts.
        (await server.KubectlAsync("create", "namespace", "apart")).Check();
        var robot = await RobotAsync("wide", "apart");
        (await server.KubectlAsync("create", "rolebinding", "wide-here", "--namespace=apart", "--clusterrole=view", "--serviceaccount=apart:wide")).Check();
        Assert.Equal("yes", await CanAsync(robot, "list", "deployments.apps"));
        Assert.Equal("no", await CanAsync(robot, "list", "secrets"));
        Assert.Equal("no", await CanAsync(robot, "list", "deployments.apps", "--namespace=kube-system"));
        (await server.KubectlAsync("create", "clusterrolebinding", "wide-all", "--clusterrole=view", "--group=system:serviceaccounts:apart")).Check();
        Assert.Equal("yes", await CanAsync(robot, "list", "deployments.apps", "--namespace=kube-system"));
        Assert.Equal("no", await CanAsync(robot, "create", "deployments.apps"));
    }

    [Fact]
    public async Task ResourceNames_AllowThoseObjectsOnlyAlsoToWatch()
    {
        var robot = await RobotAsync("narrow");
        (await server.KubectlAsync("create", "configmap", "one", "--from-literal=a=b")).Check();
        (await server.KubectlAsync("create", "configmap", "two", "--from-literal=a=b")).Check();
        await server.KubectlAsync("create", "role", "one-map", "--verb=get,list,watch,patch", "--resource=configmaps", "--resource-name=one");
        (await server.KubectlAsync("create", "rolebinding", "narrow-one", "--role=one-map", "--serviceaccount=default:narrow")).Check();
        Assert.Equal("configmap/one", (await robot("get", "configmap", "one", "-o", "name")).Ok.Trim());
        Assert.Equal(1, (await robot("get", "configmap", "two")).ExitCode);
        Assert.Equal(1, (await robot("get", "configmaps")).ExitCode);
        Assert.Equal("configmap/one", (await robot("get", "configmaps", "--field-selector=metadata.name=one", "-o", "name")).Ok.Trim());
        Assert.Equal(0, (await robot("label", "configmap", "one", "x=y")).ExitCode);
        Assert.Equal(1, (await robot("label", "configmap", "two", "x=y")).ExitCode);
    }

    [Fact]
    public async Task NonResourcePaths_OfAnAuthenticatedUser_AreDiscoveryAndWhatRolesSay()
    {
        var robot = await RobotAsync("looker");
        Assert.Equal(0, (await robot("get", "--raw", "/apis")).ExitCode);
        Assert.Equal(0, (await robot("api-resources")).ExitCode);
        Assert.Contains("cannot get path \"/metrics\"", (await robot("get", "--raw", "/metrics")).Error, StringComparison.Ordinal);
        Assert.Equal("no", await CanAsync(robot, "get", "/metrics"));
        Assert.Equal("yes", await CanAsync(robot, "get", "/openapi/v3"));
        Assert.Equal("yes", (await server.KubectlAsync("auth", "can-i", "get", "/metrics")).Output.Trim());
        Assert.Equal("yes", (await server.KubectlAsync("auth", "can-i", "*", "*", "--all-namespaces")).Output.Trim());
    }

    [Theory]
    [InlineData("cilium", "patch", "cilium.io", "ciliumnodes", "", true)]
    [InlineData("cilium", "watch", "", "configmaps", "kube-system", true)]
    [InlineData("cilium", "watch", "", "configmaps", "default", false)]
    [InlineData("cilium", "get", "", "secrets", "kube-system", false)]
    [InlineData("cilium", "delete", "", "pods", "default", false)]
    [InlineData("cilium-operator", "create", "apiextensions.k8s.io", "customresourcedefinitions", "", true)]
    [InlineData("cilium-operator", "update", "coordination.k8s.io", "leases", "kube-system", true)]
    [InlineData("cilium-operator", "get", "", "secrets", "kube-system", false)]
    [InlineData("hubble-relay", "list", "", "pods", "default", false)]
    public async Task Deploy_ServiceAccounts_MayWhatTheirRolesSay(string account, string verb, string group, string resource, string space, bool allowed)
    {
        var folder = Path.Combine(RepositoryRoot(), "deploy", "base");
        foreach (var file in new[] { "agent-rbac.yaml", "operator-rbac.yaml" })
        {
            (await server.KubectlAsync("apply", "-f", Path.Combine(folder, file))).Check();
        }
        var (code, review) = await server.SendAsync("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", $$$"""
            {"spec":{"user":"system:serviceaccount:kube-system:{{{account}}}","groups":["system:serviceaccounts","system:authenticated"],
            "resourceAttributes":{"verb":"{{{verb}}}","group":"{{{group}}}","resource":"{{{resource}}}","namespace":"{{{space}}}"} } }
            """);
        Assert.Equal((201, allowed ? "true" : "false"), (code, J.Show(J.At(review, "status", "allowed"))));
    }

    /// <summary>A kubectl with the token of a new service account.</summary>
    private async Task<Robot> RobotAsync(string account, string space = "default")
    {
        (await server.KubectlAsync("create", "serviceaccount", account, "--namespace", space)).Check();
        var token = (await server.KubectlAsync("create", "token", account, "--namespace", space)).Ok.Trim();
        var kubeconfig = Path.Combine(server.Directory, $"{account}.conf");
        var text = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Config", ["current-context"] = "c",
            ["clusters"] = new JsonArray(new JsonObject { ["name"] = "c", ["cluster"] = new JsonObject { ["server"] = $"https://{server.Host.Addresses[0]}", ["insecure-skip-tls-verify"] = true } }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = "u", ["user"] = new JsonObject { ["token"] = token } }),
            ["contexts"] = new JsonArray(new JsonObject { ["name"] = "c", ["context"] = new JsonObject { ["cluster"] = "c", ["user"] = "u", ["namespace"] = space } }),
        };
        await File.WriteAllTextAsync(kubeconfig, text.ToJsonString());
        return arguments => Kubectl.RunAsync(Kubectl.Program, kubeconfig, null, arguments);
    }

    private delegate Task<KubectlResult> Robot(params string[] arguments);

    private static async Task<string> CanAsync(Robot robot, params string[] question) => (await robot(["auth", "can-i", .. question])).Output.Trim();

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Waggle.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests must run from inside a checkout");
        }
        return folder;
    }
}
