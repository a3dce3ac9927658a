using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Controllers;

namespace Waggle.Lab.Tests.Controllers;

public sealed class GarbageCollectionTests : IAsyncLifetime
{
    private readonly ControllerFixture _lab = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _lab.InitializeAsync();
        await _lab.AddNodeAsync("node-a");
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Delete_Deployment_ReplicaSetsAndPodsGo()
    {
        await DeployAsync();
        await _lab.KubectlAsync("delete", "deployment", "web");

        await _lab.WaitPodsAsync("default", p => p.Count == 0);
        await GoneAsync(KubeTypes.ReplicaSets);
    }

    [Fact]
    public async Task Delete_Foreground_DeploymentIsLast()
    {
        await DeployAsync();
        var hold = true;
        _lab.Lingers = _ => hold;
        await _lab.Client.DeleteAsync(KubeTypes.Deployments, "default", "web", new() { Propagation = Propagation.Foreground }, Cancellation);
        await _lab.WaitPodsAsync("default", p => p.All(x => x.IsTerminating()));
        Assert.NotNull(await _lab.Client.TryGetAsync(KubeTypes.Deployments, "default", "web", Cancellation));
        Assert.NotEmpty((await _lab.Client.ListAsync(KubeTypes.ReplicaSets, "default", cancellation: Cancellation)).Items);
        hold = false;

        await _lab.WaitAsync(KubeTypes.Deployments, "default", "web", d => d is null);
        Assert.Empty((await _lab.Client.ListAsync(KubeTypes.Pods, "default", cancellation: Cancellation)).Items);
    }

    [Fact]
    public async Task Delete_Orphan_PodsStayWithoutOwner()
    {
        await DeployAsync();
        var set = (await _lab.Client.ListAsync(KubeTypes.ReplicaSets, "default", cancellation: Cancellation)).Items[0];
        await _lab.KubectlAsync("delete", "deployment", "web", "--cascade=orphan");
        await _lab.WaitAsync(KubeTypes.ReplicaSets, "default", set.Metadata.Name!, s => s!.Metadata.OwnerReferences.Count == 0);
        await _lab.KubectlAsync("delete", "rs", set.Metadata.Name!, "--cascade=orphan");
        await _lab.WaitAsync(KubeTypes.ReplicaSets, "default", set.Metadata.Name!, s => s is null);

        var pods = await _lab.WaitPodsAsync("default", p => p.All(x => x.Metadata.OwnerReferences.Count == 0));
        Assert.Equal(2, pods.Count);
    }

    [Fact]
    public async Task Owner_NeverExisted_DependentIsDeleted()
    {
        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, Owned("c", "ConfigMap", "no-such", "00000000-0000-0000-0000-000000000001"), cancellation: Cancellation);

        await _lab.WaitAsync(KubeTypes.ConfigMaps, "default", "c", c => c is null);
    }

    [Fact]
    public async Task Owner_SameNameOtherUid_DependentIsDeleted()
    {
        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = "owner", Namespace = "default" } }, cancellation: Cancellation);
        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, Owned("c", "ConfigMap", "owner", "00000000-0000-0000-0000-000000000001"), cancellation: Cancellation);

        await _lab.WaitAsync(KubeTypes.ConfigMaps, "default", "c", c => c is null);
    }

    [Fact]
    public async Task Owners_OneOfTwoGoes_DependentStaysWithTheOther()
    {
        var owners = new List<OwnerReference>();
        foreach (var name in new[] { "one", "two" })
        {
            var owner = await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = name, Namespace = "default" } }, cancellation: Cancellation);
            owners.Add(KubeTypes.ConfigMaps.Owner(owner, controller: false));
        }

        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = "c", Namespace = "default", OwnerReferences = owners } }, cancellation: Cancellation);
        await _lab.Client.DeleteAsync(KubeTypes.ConfigMaps, "default", "one", cancellation: Cancellation);
        await _lab.WaitAsync(KubeTypes.ConfigMaps, "default", "c", c => c!.Metadata.OwnerReferences is [{ Name: "two" }]);
        await _lab.Client.DeleteAsync(KubeTypes.ConfigMaps, "default", "two", cancellation: Cancellation);

        await _lab.WaitAsync(KubeTypes.ConfigMaps, "default", "c", c => c is null);
    }

    [Fact]
    public async Task Owner_UnknownKind_DependentIsLeftAlone()
    {
        var unknown = Owned("c", "Gadget", "g", "00000000-0000-0000-0000-000000000001");
        unknown = unknown with { Metadata = unknown.Metadata with { OwnerReferences = [unknown.Metadata.OwnerReferences[0] with { ApiVersion = "example.com/v1" }] } };
        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, unknown, cancellation: Cancellation);
        // Another dependent, made later, whose deletion shows that the collector has come by.
        await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, Owned("later", "ConfigMap", "no-such", "00000000-0000-0000-0000-000000000002"), cancellation: Cancellation);
        await _lab.WaitAsync(KubeTypes.ConfigMaps, "default", "later", c => c is null);

        Assert.NotNull(await _lab.Client.TryGetAsync(KubeTypes.ConfigMaps, "default", "c", Cancellation));
    }

    [Fact]
    public async Task CustomResource_OwnedByAPod_GoesWithIt()
    {
        await _lab.ApplyAsync("""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: gadgets.example.com}
            spec: {group: example.com, scope: Namespaced, names: {plural: gadgets, singular: gadget, kind: Gadget}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}
            """);
        var owner = await _lab.Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new() { Name = "owner", Namespace = "default" } }, cancellation: Cancellation);
        var type = ResourceType.Untyped("example.com", "v1", "gadgets", "Gadget", true);
        var gadget = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "g", ["namespace"] = "default", ["ownerReferences"] = new JsonArray(Templates.ToJson(KubeTypes.ConfigMaps.Owner(owner))) } };
        await _lab.KubectlAsync("wait", "crd/gadgets.example.com", "--for=condition=Established", "--timeout=50s");
        await _lab.Client.CreateAsync(type, gadget, cancellation: Cancellation);
        await _lab.Client.DeleteAsync(KubeTypes.ConfigMaps, "default", "owner", cancellation: Cancellation);

        await _lab.WaitAsync(type, "default", "g", g => g is null);
    }

    [Fact]
    public async Task Namespace_Deleted_EverythingInItGoes()
    {
        await _lab.KubectlAsync("create", "namespace", "team");
        await _lab.ApplyAsync(Manifest, "team");
        await _lab.WaitPodsAsync("team", p => p.Count(x => x.IsReady()) == 2);
        await _lab.KubectlAsync("delete", "namespace", "team", "--timeout=50s");

        Assert.Empty((await _lab.Client.ListAsync(KubeTypes.Pods, "team", cancellation: Cancellation)).Items);
        Assert.Null(await _lab.Client.TryGetAsync(KubeTypes.Namespaces, null, "team", Cancellation));
    }

    private static ConfigMap Owned(string name, string kind, string owner, string uid) => new()
    {
        Metadata = new() { Name = name, Namespace = "default", OwnerReferences = [new() { ApiVersion = "v1", Kind = kind, Name = owner, Uid = uid }] },
    };

    private const string Manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "netshoot:1", command: [sleep, infinity]}]}}}
        """;

    private async Task DeployAsync()
    {
        await _lab.ApplyAsync(Manifest);
        await _lab.WaitPodsAsync("default", p => p.Count(x => x.IsReady()) == 2);
    }

    private async Task GoneAsync<T>(ResourceType<T> type)
        where T : class
    {
        while ((await _lab.Client.ListAsync(type, "default", cancellation: Cancellation)).Items.Count > 0)
        {
            await Task.Delay(20, Cancellation);
        }
    }
}
