using System.Reflection;
using System.Text.Json.Nodes;
using Waggle.Kube.Json;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary><c>waggle policy lint</c> and <c>diff</c> against an API server with endpoints that no agent made.</summary>
public sealed class PolicyCliTests : IAsyncLifetime
{
    private const string Policy = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: client}}]
              toPorts: [{ports: [{port: "80", protocol: TCP}]}]
            - fromCIDR: [10.0.1.0/24]
        """;

    private readonly ServerFixture _api = new();

    private static string Program => typeof(PolicyCliTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "WaggleProgram").Value!;

    public async ValueTask InitializeAsync()
    {
        await _api.InitializeAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "crds"), "*.yaml"))
        {
            await _api.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", KubeYaml.ReadAll(await File.ReadAllTextAsync(file))[0].ToJsonString());
        }

        await _api.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"kube-system"}}""");
        await _api.CreateAsync("/api/v1/namespaces/kube-system/configmaps", """{"metadata":{"name":"cilium-config"},"data":{"cluster-name":"kind"}}""");
        await _api.CreateAsync("/apis/cilium.io/v2/ciliumnodes", """{"metadata":{"name":"n1"},"spec":{"ipam":{"podCIDRs":["10.0.1.0/24"]}}}""");
        await EndpointAsync("web-1", 1001, "web");
        await EndpointAsync("web-2", 1001, "web");
        await EndpointAsync("client", 1002, "client");
        await EndpointAsync("stranger", 1003, "stranger");
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Diff_OfANewPolicy_ListsPairsAndPorts_AndOfItsRemovalTheReverse()
    {
        var rows = JsonNode.Parse((await RunAsync(Policy, "policy", "diff", "-", "-o", "json")).Ok)!.AsArray();
        var client = Assert.Single(rows, r => (string?)r!["source"] == "default/client")!;
        Assert.Equal("default/web-1 and 1 more", (string?)client["destination"]);
        Assert.Contains("0-79/TCP", client["cut"]!.AsArray().Select(c => (string?)c));
        Assert.Empty(client["allowed"]!.AsArray());
        Assert.Contains(rows, r => (string?)r!["source"] == "default/stranger");

        // Applied, and then taken away: the same pairs open again.
        await _api.CreateAsync("/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies", KubeYaml.ReadAll(Policy)[0].ToJsonString());
        Assert.Contains("nothing changes", (await RunAsync(Policy, "policy", "diff", "-")).Error, StringComparison.Ordinal);
        var back = JsonNode.Parse((await RunAsync(Policy, "policy", "diff", "--delete", "-", "-o", "json")).Ok)!.AsArray();
        Assert.Equal(rows.Count, back.Count);
        Assert.All(back, r => Assert.Empty(r!["cut"]!.AsArray()));
    }

    [Fact]
    public async Task Lint_OfAFile_NamesTheLine()
    {
        var found = await RunAsync(Policy, "policy", "lint", "-");
        Assert.Equal(0, found.ExitCode);
        Assert.Contains("cidr-in-cluster", found.Output, StringComparison.Ordinal);
        Assert.Contains("-:9", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_NamesTheDecidingLines_AndItsExitCodeSaysTheVerdict()
    {
        Assert.Equal(0, (await RunAsync("", "why", "default/stranger", "default/web-1:80")).ExitCode);
        await _api.CreateAsync("/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies", KubeYaml.ReadAll(Policy)[0].ToJsonString());

        var allowed = await RunAsync("", "why", "default/client", "default/web-1:80");
        Assert.Equal(0, allowed.ExitCode);
        Assert.Contains("▶ CiliumNetworkPolicy default/web /spec/ingress/0: allows the peer on 80/TCP", allowed.Output, StringComparison.Ordinal);
        Assert.Contains("│   - fromEndpoints:", allowed.Output, StringComparison.Ordinal);
        Assert.EndsWith("\nALLOWED\n", allowed.Output, StringComparison.Ordinal);

        var denied = await RunAsync("", "why", "default/stranger", "default/web-1:80");
        Assert.Equal(1, denied.ExitCode);
        Assert.Contains("▶ CiliumNetworkPolicy default/web selects the destination and turns on default deny for ingress", denied.Output, StringComparison.Ordinal);
        Assert.EndsWith("\nDENIED\n", denied.Output, StringComparison.Ordinal);

        // An address inside of a prefix, one outside of all, another port, another protocol, an echo request.
        Assert.Equal(0, (await RunAsync("", "why", "10.0.1.77", "default/web-1:443")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "192.0.2.1", "default/web-1:443")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "world", "default/web-1:80")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "default/client", "default/web-1:80/udp")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "default/client", "default/web-1")).ExitCode);
        Assert.Equal(0, (await RunAsync("", "why", "default/web-1", "2001:db8::1")).ExitCode);

        var json = JsonNode.Parse((await RunAsync("", "why", "default/client", "default/web-1:80", "-o", "json")).Ok)!;
        Assert.True((bool?)json["allowed"]);
        Assert.Equal("/spec/ingress/0", (string?)json["steps"]!.AsArray().Single(s => (bool)s!["decides"]! && (string?)s["direction"] == "ingress")!["pointer"]);

        var unknown = await RunAsync("", "why", "default/clint", "default/web-1:80");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("did you mean \"default/client\"?", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("", "why", "default/client", "default/web-1:70000")).ExitCode);
    }

    [Fact]
    public async Task Why_OfAService_TakesItApart_AndSaysThatNobodyTranslates()
    {
        await AddressAsync("web-1", "10.0.1.5");
        await AddressAsync("web-2", "10.0.1.6");
        await AddressAsync("stranger", "10.0.1.7");
        await _api.CreateAsync("/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies", KubeYaml.ReadAll(Policy)[0].ToJsonString());
        await _api.CreateAsync("/api/v1/namespaces/default/services", """
            {"metadata":{"name":"shop"},"spec":{"clusterIP":"10.96.7.7","ports":[{"name":"http","port":8000,"targetPort":80,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}]}}
            """);
        await _api.CreateAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """
            {"metadata":{"name":"shop-1","labels":{"kubernetes.io/service-name":"shop"}},"addressType":"IPv4","ports":[{"name":"http","port":80,"protocol":"TCP"}],
             "endpoints":[{"addresses":["10.0.1.5"]},{"addresses":["10.0.1.6"]},{"addresses":["10.0.1.99"],"conditions":{"ready":false}}]}
            """);
        foreach (var name in new[] { "default/shop:8000", "svc/default/shop:8000", "shop.default.svc:8000", "shop.default.svc.cluster.local:8000", "10.96.7.7:8000" })
        {
            var allowed = await RunAsync("", "why", "default/client", name);
            Assert.True(allowed.ExitCode == 0, $"{name}: {allowed.Error}{allowed.Output}");
            Assert.Contains("service      default/shop at 10.96.7.7, TCP port 8000: 2 backends", allowed.Output, StringComparison.Ordinal);
            Assert.Contains("Waggle does not translate addresses of Services yet", allowed.Output, StringComparison.Ordinal);
            Assert.Contains("destination  default/web-2", allowed.Output, StringComparison.Ordinal);
            Assert.Contains("traffic      TCP port 80\n", allowed.Output, StringComparison.Ordinal);
            Assert.EndsWith("\nALLOWED to every backend\n", allowed.Output, StringComparison.Ordinal);
        }

        var denied = await RunAsync("", "why", "default/stranger", "default/shop:8000");
        Assert.Equal(1, denied.ExitCode);
        Assert.EndsWith("\nDENIED to 2 of 2 backends\n", denied.Output, StringComparison.Ordinal);
        var json = JsonNode.Parse((await RunAsync("", "why", "default/client", "default/shop:8000", "-o", "json")).Ok)!;
        Assert.Equal((2, false, true), (json["backends"]!.AsArray().Count, (bool?)json["service"]!["translated"], (bool?)json["allowed"]));

        // Nobody behind it, no such port, no port, no such Service.
        Assert.EndsWith("DENIED: the Service has no backend that is ready\n", (await RunAsync("", "why", "default/client", "default/shop:53/udp")).Output, StringComparison.Ordinal);
        var wrong = await RunAsync("", "why", "default/client", "default/shop:80");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("8000/tcp, 53/udp", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("", "why", "default/client", "default/shop")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "default/client", "none.default.svc:80")).ExitCode);
        Assert.Equal(2, (await RunAsync("", "why", "default/client", "default/web-1:80", "--last", "soon")).ExitCode);
    }

    [Fact]
    public async Task Nodes_AreSubjectsOfWhyDiffAndLint_WhereTheHostFirewallIsOn()
    {
        const string firewall = """
            apiVersion: cilium.io/v2
            kind: CiliumClusterwideNetworkPolicy
            metadata: {name: host}
            spec:
              nodeSelector: {matchLabels: {zone: blue}}
              ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": default, app: client}}], toPorts: [{ports: [{port: "9100", protocol: TCP}]}]}]
            """;
        foreach (var (name, zone, address) in new[] { ("n2", "blue", "172.18.0.3"), ("n3", "red", "172.18.0.4") })
        {
            await _api.CreateAsync("/apis/cilium.io/v2/ciliumnodes", $$$"""{"metadata":{"name":"{{{name}}}","labels":{"zone":"{{{zone}}}"}},"spec":{"addresses":[{"type":"InternalIP","ip":"{{{address}}}"}]}}""");
        }

        Assert.Contains("host-firewall-off", (await RunAsync(firewall, "policy", "lint", "-")).Output, StringComparison.Ordinal);
        Assert.Contains("nothing changes", (await RunAsync(firewall, "policy", "diff", "-")).Error, StringComparison.Ordinal);
        await ConfigAsync("""{"enable-host-firewall":"true","enable-node-selector-labels":"true"}""");
        var lint = await RunAsync(firewall, "policy", "lint", "-", "-o", "json");
        Assert.DoesNotContain(JsonNode.Parse(lint.Ok)!.AsArray(), f => (string?)f!["code"] is "host-firewall-off" or "selects-nothing");
        Assert.Contains("selects-nothing", (await RunAsync(firewall.Replace("blue", "green", StringComparison.Ordinal), "policy", "lint", "-")).Output, StringComparison.Ordinal);

        // Before it is applied: only the blue node's ingress changes, and what a node needs stays.
        var rows = JsonNode.Parse((await RunAsync(firewall, "policy", "diff", "-", "-o", "json")).Ok)!.AsArray();
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.Equal("node n2", (string?)r!["destination"]));
        var client = rows.Single(r => (string?)r!["source"] == "default/client")!;
        Assert.DoesNotContain(client["cut"]!.AsArray(), c => ((string)c!).Split('/')[0] == "9100");
        Assert.Contains(client["cut"]!.AsArray(), c => (string?)c == "9101-65535/TCP" || ((string)c!).StartsWith("9101-", StringComparison.Ordinal));

        await _api.CreateAsync("/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies", KubeYaml.ReadAll(firewall)[0].ToJsonString());
        Assert.Equal(0, (await RunAsync("", "why", "default/client", "n2:9100")).ExitCode);
        var denied = await RunAsync("", "why", "default/stranger", "n2:9100");
        Assert.Equal(1, denied.ExitCode);
        Assert.Contains("CiliumClusterwideNetworkPolicy host selects the destination", denied.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("", "why", "default/stranger", "n3:9100")).ExitCode);
        Assert.Equal(0, (await RunAsync("", "why", "n3", "n2")).ExitCode); // a ping between nodes is built in
        Assert.Equal(1, (await RunAsync("", "why", "n3", "n2:22")).ExitCode);

        // toNodes: told apart by label.
        await _api.CreateAsync("/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies", KubeYaml.ReadAll("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: to, namespace: default}
            spec: {endpointSelector: {matchLabels: {app: stranger}}, egress: [{toNodes: [{matchLabels: {zone: red}}]}]}
            """)[0].ToJsonString());
        Assert.Equal(0, (await RunAsync("", "why", "default/stranger", "172.18.0.4:443")).ExitCode);
        Assert.Equal(1, (await RunAsync("", "why", "default/stranger", "n2:9100")).ExitCode);
    }

    private Task<KubectlResult> RunAsync(string input, params string[] arguments) => Kubectl.RunAsync(Program, _api.Kubeconfig, input, arguments);

    private async Task EndpointAsync(string name, int identity, string app)
    {
        const string endpoints = "/apis/cilium.io/v2/namespaces/default/ciliumendpoints";
        await _api.CreateAsync(endpoints, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        var status = new JsonObject
        {
            ["state"] = "ready",
            ["identity"] = new JsonObject { ["id"] = identity, ["labels"] = new JsonArray($"k8s:app={app}", "k8s:io.kubernetes.pod.namespace=default", "k8s:io.cilium.k8s.policy.cluster=kind") },
        };
        var (code, answer) = await _api.SendAsync("PATCH", $"{endpoints}/{name}/status", new JsonObject { ["status"] = status }.ToJsonString(), "application/merge-patch+json");
        Assert.True(code == 200, answer.ToJsonString());
    }

    private async Task AddressAsync(string endpoint, string address)
    {
        var status = new JsonObject { ["networking"] = new JsonObject { ["node"] = "172.18.0.2", ["addressing"] = new JsonArray(new JsonObject { ["ipv4"] = address }) } };
        var (code, answer) = await _api.SendAsync(
            "PATCH", $"/apis/cilium.io/v2/namespaces/default/ciliumendpoints/{endpoint}/status", new JsonObject { ["status"] = status }.ToJsonString(), "application/merge-patch+json");
        Assert.True(code == 200, answer.ToJsonString());
    }

    private async Task ConfigAsync(string data)
    {
        var (code, answer) = await _api.SendAsync("PATCH", "/api/v1/namespaces/kube-system/configmaps/cilium-config", $$"""{"data":{{data}}}""", "application/merge-patch+json");
        Assert.True(code == 200, answer.ToJsonString());
    }
}
