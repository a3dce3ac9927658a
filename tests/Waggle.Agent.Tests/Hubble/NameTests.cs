using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Waggle.Agent.Tests.Cluster;
using Waggle.Agent.Tests.Policy;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>Names of Services and of pods on other nodes, with real packets between namespaces.</summary>
[Collection(nameof(NamesLab))]
public sealed class NameTests(NamesLab lab)
{
    private const string External = "192.0.2.50", External6 = "2001:db8::50", Balanced = "192.0.2.60";

    private const string Guard = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: cart, namespace: shop}
        spec:
          endpointSelector: {matchLabels: {app: cart}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: caller, io.kubernetes.pod.namespace: default}}]
              toPorts: [{ports: [{port: "80", protocol: TCP}]}]
        """;

    [Fact]
    public async Task Flows_OfServicesAndRemotePods_AreNamed()
    {
        await lab.Policies.NamespaceAsync("shop");
        TestPod client = await lab.AddPodAsync(0, "default", "caller-x1", ("DaemonSet", "caller"), ("app", "caller"));
        TestPod cart = await lab.AddPodAsync(1, "shop", "cart-5d8f9-x1", ("ReplicaSet", "cart-5d8f9"), ("app", "cart"), ("pod-template-hash", "5d8f9"));
        lab.Serve(cart, 80);
        await lab.Policies.ApplyAsync(Guard);
        string[] clusterIps = await ServiceAsync(cart);

        // Each address of the Service, asked on its port and on another.
        string id = "";
        foreach (string address in clusterIps.Concat([External, External6, Balanced]))
        {
            Flow flow = await DialAsync(client, address, 80, f => f.DestinationService is { Name: "cart", Namespace: "shop" });
            Assert.Equal(("default", "caller-x1", "DaemonSet", "caller"), (flow.Source.Namespace, flow.Source.PodName, flow.Source.Workloads.Single().Kind, flow.Source.Workloads.Single().Name));
            Assert.Null(flow.SourceService);
            id = flow.Source.Identity.ToString(CultureInfo.InvariantCulture);
            Assert.Null((await DialAsync(client, address, 81, f => f.Source.PodName == "caller-x1")).DestinationService);
        }

        await LinesAsync(0, "--to-service shop/cart --from-pod default/caller --type trace", $@"default/caller-x1:\d+ \(ID:{id}\) <?->? shop/cart:80 \(world\) \S+ FORWARDED \(TCP Flags: SYN\)");
        await LinesAsync(0, "agent-events", @"SERVICE_UPSERTED \(id: \d+, frontend: " + Regex.Escape($"{clusterIps[0]}:80") + ", backends: " + Regex.Escape($"[{cart.Ip}:80]") + ", type: ClusterIP, traffic policy: Cluster, namespace: shop, name: cart");

        // Across nodes and namespaces: both ends know whose the other is.
        Flow sent = await DialAsync(client, cart.Ip, 80, f => f.TraceObservationPoint == TraceObservationPoint.ToOverlay && f.Destination.Workloads.Count > 0);
        Assert.Equal(("shop", "cart-5d8f9-x1", "Deployment", "cart"), (sent.Destination.Namespace, sent.Destination.PodName, sent.Destination.Workloads.Single().Kind, sent.Destination.Workloads.Single().Name));
        Flow came = await DialAsync(client, cart.Ip, 80, f => f.EventType.Type == 5 && f.Source.Workloads.Count > 0, at: 1);
        Assert.Equal(("default", "caller-x1", "DaemonSet", "caller"), (came.Source.Namespace, came.Source.PodName, came.Source.Workloads.Single().Kind, came.Source.Workloads.Single().Name));
        await DialAsync(client, cart.Ip, 81, f => f.EventType.Type == 5 && f.Verdict == Verdict.Dropped && f.Source.Workloads.Count > 0, at: 1);

        // Verdicts as people read them, and filters by what only the other node knows first-hand.
        string remote = came.Destination.Identity.ToString(CultureInfo.InvariantCulture);
        await LinesAsync(
            1, "--type policy-verdict --from-workload DaemonSet/caller", $@"default/caller-x1:\d+ \(ID:{id}\) -> shop/cart-5d8f9-x1:80 \(ID:{remote}\) policy-verdict:L3-L4 INGRESS ALLOWED \(TCP Flags: SYN\)",
            $@"default/caller-x1:\d+ \(ID:{id}\) <> shop/cart-5d8f9-x1:81 \(ID:{remote}\) policy-verdict:none INGRESS DENIED \(TCP Flags: SYN\)");
        await LinesAsync(0, "--to-workload cart --type trace:to-overlay", $@"default/caller-x1:\d+ \(ID:{id}\) -> shop/cart-5d8f9-x1:80 \(ID:{remote}\) to-overlay FORWARDED \(TCP Flags: SYN\)");
        await MetricsAsync(0, """destination="shop/cart"[^}]*""", """source="caller"[^}]*""", """source_workload_kind="DaemonSet"[^}]*""", """destination_app="cart"[^}]*""");

        // Without the Service, the same address is nobody's.
        await lab.Client.TryDeleteAsync(KubeTypes.Services, "shop", "cart");
        await LinesAsync(0, "agent-events", @"SERVICE_DELETED \(id: \d+");
        await DialAsync(client, External, 80, f => f.Source.PodName == "caller-x1" && f.DestinationService is null);
        await lab.RemovePodAsync(client);
        await lab.RemovePodAsync(cart);
        await lab.Policies.DeleteAsync(Guard);
    }

    /// <summary>A Service of all kinds of addresses, and what stands behind it; its addresses in the cluster.</summary>
    private async Task<string[]> ServiceAsync(TestPod backend)
    {
        var ports = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80, ["protocol"] = "TCP" });
        JsonObject service = await lab.Client.CreateAsync(KubeTypes.Services, new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Service", ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = "cart" },
            ["spec"] = new JsonObject { ["type"] = "LoadBalancer", ["ports"] = ports, ["externalIPs"] = new JsonArray(External, External6), ["selector"] = new JsonObject { ["app"] = "cart" } },
        });
        await lab.Client.PatchAsync(
            KubeTypes.Services, "shop", "cart", KubePatch.Merge(new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = Balanced }) } } }), subresource: "status");
        await lab.Client.CreateAsync(KubeTypes.EndpointSlices, new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1", ["kind"] = "EndpointSlice", ["addressType"] = "IPv4",
            ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = "cart-1", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "cart" } },
            ["ports"] = ports.DeepClone(), ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(backend.Ip), ["conditions"] = new JsonObject { ["ready"] = true } }),
        });
        return [.. service["spec"]!["clusterIPs"]!.AsArray().Select(a => (string)a!)];
    }

    /// <summary>Dials until a flow of this packet is told as it should be: news of other nodes take their time.</summary>
    private async Task<Flow> DialAsync(TestPod from, string address, int port, Func<Flow, bool> good, int at = 0)
    {
        FlowFollower follower = lab.Followers[at];
        int start = follower.Count;
        return await PolicyLab.UntilAsync($"a flow to {address}:{port} as it should be", async () =>
        {
            int source;
            using (Socket socket = NamesLab.Open(from, SocketType.Stream, ProtocolType.Tcp, 0))
            {
                source = ((IPEndPoint)socket.LocalEndPoint!).Port;
                socket.Blocking = false;
                socket.LingerState = new LingerOption(true, 0);
                try
                {
                    await socket.ConnectAsync(IPAddress.Parse(address), port).WaitAsync(TimeSpan.FromMilliseconds(200));
                }
                catch (Exception e) when (e is SocketException or TimeoutException)
                {
                }
            }

            int found = await follower.TryUntilAsync(start, f => f.L4?.TCP?.SourcePort == source && f.L4.TCP.DestinationPort == port && good(f), TimeSpan.FromSeconds(2));
            return found >= 0 ? follower.From(found)[0] : null;
        });
    }

    private async Task LinesAsync(int node, string arguments, params string[] lines)
    {
        string output = "";
        try
        {
            await PolicyLab.UntilAsync("the lines", async () =>
            {
                (int code, output) = await lab.Nodes[node].WaggleAsync($"hubble observe {arguments} --last 1000");
                return code == 0 && lines.All(l => Regex.IsMatch(output, l)) ? output : null;
            });
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Fail($"hubble observe {arguments} does not show {string.Join(" and ", lines)}, but\n{output}");
        }
    }

    private Task MetricsAsync(int node, params string[] parts) => PolicyLab.UntilAsync($"metrics with {string.Join(" and ", parts)}", async () =>
    {
        (_, string text) = await lab.Nodes[node].RunAsync("curl -s --noproxy '*' http://127.0.0.1:9965/metrics");
        return text.Split('\n').FirstOrDefault(l => l.StartsWith("hubble_flows_processed_total{", StringComparison.Ordinal) && parts.All(p => Regex.IsMatch(l, p)));
    });
}
