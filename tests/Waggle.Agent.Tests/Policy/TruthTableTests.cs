using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy;

/// <summary>Four pods in two namespaces on two nodes, the nodes and somebody outside: every pod tries everybody, under every kind of rule.</summary>
public sealed class TruthTableTests(TruthTableTests.Setting setting) : IClassFixture<TruthTableTests.Setting>
{
    /// <summary>One cluster for all of it.</summary>
    public sealed class Setting : IAsyncLifetime
    {
        internal PolicyLab Lab { get; private set; } = null!;

        internal IReadOnlyList<Cell> Cells { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            Lab = await PolicyLab.StartAsync(2, ("enable-ipv6", "true"));
            await Lab.NamespaceAsync("default", ("team", "red"));
            await Lab.NamespaceAsync("shop", ("team", "blue"));
            Peer[] pods =
            [
                await Lab.AddPodAsync(0, "default", "web", [("app", "web")], ("http", 8080, "TCP")), await Lab.AddPodAsync(0, "default", "db", [("app", "db"), ("tier", "data")]),
                await Lab.AddPodAsync(1, "shop", "client", [("app", "client")]), await Lab.AddPodAsync(1, "shop", "web2", [("app", "web")]),
            ];
            Peer[] others = [await Lab.AddNodeAsync(0), await Lab.AddNodeAsync(1), await Lab.AddOutsideAsync()];
            await Lab.WaitIdentitiesAsync();
            Cells =
            [
                .. from source in pods from target in pods.Concat(others) where source != target from v6 in new[] { false, true }
                   from port in new[] { ("tcp", 80), ("tcp", 8080), ("udp", 53), ("udp", 8080), ("icmp", 0) } select new Cell(source, target, port.Item1, port.Item2, v6),
                .. from source in others.Take(2) from target in pods from v6 in new[] { false, true } from port in new[] { ("tcp", 80), ("udp", 53) } select new Cell(source, target, port.Item1, port.Item2, v6),
            ];
        }

        public ValueTask DisposeAsync() => Lab.DisposeAsync();
    }

    private PolicyLab Lab => setting.Lab;

    [Fact]
    public Task NoPolicy_EverybodyReachesEverybody() => CheckAsync("", _ => true);

    [Fact]
    public Task NetworkPolicy_PodSelectorAndPort() => CheckAsync(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: p}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from: [{podSelector: {matchLabels: {app: db}}}]
              ports: [{protocol: TCP, port: 80}]
        """,
        c => c.To.Name != "web" || IsOwnNode(c) || (c.From.Name == "db" && Is(c, "tcp", 80)));

    [Fact]
    public Task NetworkPolicy_NamespaceAndPodSelectorTogether_OrApart() => CheckAsync(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: together}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: client}}}]
              ports: [{protocol: TCP, port: 8080}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: apart}
        spec:
          podSelector: {matchLabels: {app: db}}
          ingress:
            - from: [{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [blue, green]}]}}, {podSelector: {matchLabels: {app: web}}}]
              ports: [{protocol: UDP, port: 53}]
        """,
        c => IsOwnNode(c) || c.To.Name switch { "web" => c.From.Name == "client" && Is(c, "tcp", 8080), "db" => IsPod(c.From) && Is(c, "udp", 53), _ => true });

    [Fact]
    public Task NetworkPolicy_IpBlockWithExcept() => CheckAsync(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: p}
        spec:
          podSelector: {matchLabels: {app: db}}
          policyTypes: [Egress]
          egress:
            - to: [{ipBlock: {cidr: 172.18.0.0/16, except: [172.18.128.0/17]}}]
              ports: [{protocol: TCP, port: 80}, {protocol: UDP, port: 50, endPort: 60}]
        """,
        c => c.From.Name != "db" || (c.To.Name == "outside" && !c.V6 && (Is(c, "tcp", 80) || Is(c, "udp", 53))));

    [Fact]
    public Task NetworkPolicy_NamedPortAndEndPort() => CheckAsync(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: p}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress: [{ports: [{protocol: TCP, port: http}, {protocol: UDP, port: 8000, endPort: 9000}]}]
        """,
        c => c.To.Name != "web" || IsOwnNode(c) || Is(c, "tcp", 8080) || Is(c, "udp", 8080));

    [Fact]
    public Task NetworkPolicy_DenyAllOfANamespace() => CheckAsync(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: p, namespace: shop}
        spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
        """,
        c => IsOwnNode(c) || !(InShop(c.From) || InShop(c.To)));

    [Fact]
    public Task Cnp_EmptySelector_IsTheNamespace() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {}
          ingress: [{fromEndpoints: [{}]}]
        """,
        c => IsOwnNode(c) || !InDefault(c.To) || InDefault(c.From));

    [Fact]
    public Task Cnp_OtherNamespaceByItsNameAndItsLabels() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        specs:
          - endpointSelector: {matchLabels: {app: web}}
            ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": shop, app: web}}]}]
          - endpointSelector: {matchLabels: {app: db}}
            egress: [{toEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": blue}}], toPorts: [{ports: [{port: "80"}]}]}]
        """,
        c => IsOwnNode(c) || ((c.To.Name != "web" || c.From.Name == "web2") && (c.From.Name != "db" || (InShop(c.To) && Is(c, "tcp", 80)))));

    [Fact]
    public Task Cnp_BroadDenyWinsOverNarrowAllow() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEntities: [all]}, {fromEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]
          ingressDeny: [{fromEndpoints: [{matchExpressions: [{key: tier, operator: Exists}]}], toPorts: [{ports: [{port: "1", endPort: 1024, protocol: ANY}]}]}]
        """,
        c => c is not { From.Name: "db", To.Name: "web" } || !(Is(c, "tcp", 80) || Is(c, "udp", 53)));

    [Fact]
    public Task Cnp_EntitiesWorldHostAndRemoteNode() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        specs:
          - endpointSelector: {matchLabels: {app: web}}
            egress: [{toEntities: [world]}]
          - endpointSelector: {matchLabels: {app: db}}
            egress: [{toEntities: [host]}, {toEntities: [remote-node], toPorts: [{ports: [{port: "8080", protocol: UDP}]}]}]
            ingress: [{fromEntities: [cluster]}]
        """,
        c => IsOwnNode(c) || c.From.Name switch
        {
            "web" => c.To.Name == "outside", "db" => c.To.Name == "node0" || (c.To.Name == "node1" && Is(c, "udp", 8080)), _ => true,
        });

    [Fact]
    public Task Cnp_IcmpByNameAndNumber() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: db}}], icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]}, {icmps: [{fields: [{family: IPv6, type: 128}]}]}]
        """,
        c => c.To.Name != "web" || IsOwnNode(c) || (c.Protocol == "icmp" && (c.V6 || c.From.Name == "db")));

    [Fact]
    public Task Cnp_CidrSetWithExceptAndGroups() => CheckAsync(
        """
        apiVersion: cilium.io/v2alpha1
        kind: CiliumCIDRGroup
        metadata: {name: g}
        spec: {externalCIDRs: ["fc00:f853:ccd:e793::/64"]}
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        specs:
          - endpointSelector: {matchLabels: {app: web}}
            egress: [{toCIDRSet: [{cidr: 0.0.0.0/0, except: [172.18.0.0/24]}, {cidrGroupRef: g}]}]
          - endpointSelector: {matchLabels: {app: db}}
            egress: [{toCIDR: [172.18.0.1/32]}]
            egressDeny: [{toCIDR: [172.16.0.0/12], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]
        """,
        c => c.From.Name switch { "web" => c.To.Name == "outside" && c.V6, "db" => c.To.Name == "outside" && !c.V6 && !Is(c, "tcp", 8080), _ => true });

    [Fact]
    public Task Ccnp_SelectsAcrossNamespaces() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumClusterwideNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": default}}]}]
        """,
        c => IsOwnNode(c) || c.To.Name is not ("web" or "web2") || InDefault(c.From));

    [Fact]
    public Task Cnp_WithoutDefaultDeny_CutsNothing() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          enableDefaultDeny: {ingress: false, egress: false}
          ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]
          ingressDeny: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": shop}}], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]
        """,
        c => !(c.To.Name == "web" && InShop(c.From) && Is(c, "udp", 53)));

    [Fact]
    public Task Cnp_ToServices() => CheckAsync(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {kind: shop}}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: outside, namespace: default}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: outside, namespace: default, labels: {kubernetes.io/service-name: outside}}
        addressType: IPv4
        endpoints: [{addresses: ["172.18.0.1"]}]
        ports: [{port: 80, protocol: TCP}]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: db}}
          egress:
            - toServices: [{k8sServiceSelector: {selector: {matchLabels: {kind: shop}}, namespace: shop}}]
            - toServices: [{k8sService: {serviceName: outside, namespace: default}}]
        """,
        c => c.From.Name != "db" || c.To.Name == "web2" || (c.To.Name == "outside" && !c.V6));

    [Fact]
    public Task Cnp_LayerSeven_FailsClosed() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
            - toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]
            - toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
        """,
        c => c.To.Name != "web" || IsOwnNode(c) || Is(c, "tcp", 8080));

    [Fact]
    public Task Ccnp_OnTrial_CutsNothing() => CheckAsync(
        """
        apiVersion: cilium.io/v2
        kind: CiliumClusterwideNetworkPolicy
        metadata: {name: p, annotations: {policy.waggle.io/mode: audit}}
        spec: {endpointSelector: {}, ingress: [{}], egress: [{}]}
        """,
        _ => true);

    private async Task CheckAsync(string policies, Func<Cell, bool> allowed)
    {
        await Lab.ApplyAsync(policies);
        try
        {
            await Lab.ExpectAsync("with it", setting.Cells, allowed);
        }
        finally
        {
            await Lab.DeleteAsync(policies);
        }
    }

    private static bool Is(Cell cell, string protocol, int port) => cell.Protocol == protocol && cell.Port == port;

    private static bool IsPod(Peer peer) => peer.Pod is not null;

    private static bool InDefault(Peer peer) => peer.Pod?.Namespace == "default";

    private static bool InShop(Peer peer) => peer.Pod?.Namespace == "shop";

    /// <summary>A node may always reach its own pods (allow-localhost).</summary>
    private static bool IsOwnNode(Cell cell) => cell.From.Pod is null && cell.To.Pod?.Node.Name == cell.From.Name;
}
