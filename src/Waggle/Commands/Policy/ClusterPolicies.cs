using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Agent.Identities;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary>What a cluster has of policies, and whom they apply to, read at one moment; makes engines of it.</summary>
internal sealed partial class ClusterPolicies
{
    private const uint FirstCidr = 1 << 24;
    private static readonly (uint Id, string Name, string[] Labels)[] s_reserved =
    [
        (1, "host", ["reserved:host"]), (3, "unmanaged", ["reserved:unmanaged"]), (6, "remote-node", ["reserved:remote-node"]),
        (7, "kube-apiserver", ["reserved:remote-node", "reserved:kube-apiserver"]),
        (9, "world (IPv4)", ["reserved:world", "reserved:world-ipv4"]), (10, "world (IPv6)", ["reserved:world", "reserved:world-ipv6"]),
    ];

    private readonly List<CiliumEndpoint> _endpoints = [];
    private readonly List<CiliumNode> _nodes = [];
    private readonly Dictionary<PolicyKey, JsonObject> _objects = [];
    private readonly List<PolicyService> _services = [];
    private readonly Dictionary<string, JsonObject> _serviceObjects = new(StringComparer.Ordinal);
    private readonly List<(string Service, JsonObject Slice)> _slices = [];
    private readonly List<ParsedCidrGroup> _groups = [];
    private PolicyEngineOptions _options = new();
    private bool _strict, _tellsNodesApart;
    private LabelFilter _nodeLabels = LabelFilter.OfNodes("");
    private readonly HashSet<string> _apiServers = [];

    /// <summary>All policies of the cluster, the invalid too.</summary>
    public List<ParsedPolicy> Policies { get; } = [];

    /// <summary>Policies with a nodeSelector apply to nodes.</summary>
    public bool HasHostFirewall { get; private init; }

    /// <summary>The addresses of its pods, as wide as the nodes have them.</summary>
    public List<IpPrefix> PodPrefixes { get; } = [];

    public static async Task<ClusterPolicies> ReadAsync(KubeClient client, IReadOnlyDictionary<string, string> config, CancellationToken cancellation)
    {
        var cluster = new ClusterPolicies
        {
            HasHostFirewall = config.GetValueOrDefault("enable-host-firewall") == "true",
            _tellsNodesApart = config.GetValueOrDefault("enable-node-selector-labels") == "true",
            _nodeLabels = LabelFilter.OfNodes(config.GetValueOrDefault("node-labels") ?? ""),
            _strict = config.GetValueOrDefault("enable-non-default-deny-policies") == "false",
            _options = new PolicyEngineOptions
            {
                Cluster = config.GetValueOrDefault("cluster-name") ?? "default",
                Mode = config.GetValueOrDefault("enable-policy") switch { "always" => EnforcementMode.Always, "never" => EnforcementMode.Never, _ => EnforcementMode.Default },
                // A question about the whole cluster is not bound by the maps of one node.
                MaxPeers = int.MaxValue, MaxPorts = int.MaxValue, MaxRules = int.MaxValue, MaxCidrs = int.MaxValue,
            },
        };
        (PolicyKind, ResourceType<JsonObject>)[] kinds =
        [
            (PolicyKind.NetworkPolicy, KubeTypes.NetworkPolicies), (PolicyKind.CiliumNetworkPolicy, KubeTypes.CiliumNetworkPolicies),
            (PolicyKind.CiliumClusterwideNetworkPolicy, KubeTypes.CiliumClusterwideNetworkPolicies),
        ];
        foreach ((PolicyKind kind, ResourceType<JsonObject> type) in kinds)
        {
            foreach (JsonObject o in (await client.ListAsync(type, cancellation: cancellation).ConfigureAwait(false)).Items)
            {
                ParsedPolicy policy = cluster.InForce(PolicyParser.Parse(kind, Element(o)));
                cluster.Policies.Add(policy);
                cluster._objects[policy.Key] = o;
            }
        }

        foreach (JsonObject o in (await client.ListAsync(KubeTypes.CiliumCidrGroups, cancellation: cancellation).ConfigureAwait(false)).Items)
        {
            cluster._groups.Add(PolicyParser.ParseCidrGroup(Element(o)));
        }

        cluster._endpoints.AddRange((await client.ListAsync(KubeTypes.CiliumEndpoints, cancellation: cancellation).ConfigureAwait(false)).Items
            .Where(e => e.Status.Identity is { Id: > 0 }));
        cluster._nodes.AddRange((await client.ListAsync(KubeTypes.CiliumNodes, cancellation: cancellation).ConfigureAwait(false)).Items);
        foreach (CiliumNode node in cluster._nodes)
        {
            foreach (string cidr in node.Spec.Ipam?.PodCidrs ?? [])
            {
                if (IpPrefix.TryParse(cidr, out IpPrefix prefix))
                {
                    cluster.PodPrefixes.Add(prefix);
                }
            }
        }

        await cluster.ReadServicesAsync(client, cancellation).ConfigureAwait(false);
        return cluster;
    }

    /// <summary>A policy as this cluster's configuration has it read.</summary>
    public ParsedPolicy InForce(ParsedPolicy policy) => _strict ? policy.Strict() : policy;

    /// <summary>An engine with these policies, committed.</summary>
    /// <param name="policies">Invalid ones are left out, as an agent leaves them out.</param>
    /// <param name="cidrs">Prefixes that need identities of the same numbers in all engines to compare.</param>
    /// <param name="nodes">Nodes count as subjects; null: where the host firewall is on.</param>
    public PolicyEngine Engine(IEnumerable<ParsedPolicy> policies, IReadOnlyList<IpPrefix>? cidrs = null, bool? nodes = null)
    {
        var engine = new PolicyEngine(_options);
        foreach ((uint id, _, string[] labels) in s_reserved)
        {
            engine.UpsertIdentity(id, LabelSet.Parse(labels));
        }

        _groups.ForEach(g => engine.UpsertCidrGroup(g.Name, g.Prefixes));
        _services.ForEach(engine.UpsertService);
        foreach (ParsedPolicy policy in policies)
        {
            engine.UpsertPolicy(policy);
        }

        foreach ((int i, (CiliumEndpoint first, ImmutableArray<NamedPort> ports, _)) in Groups.Index())
        {
            LabelSet labels = LabelSet.Parse(first.Status.Identity!.Labels);
            uint identity = (uint)first.Status.Identity.Id;
            engine.UpsertIdentity(identity, labels, [.. Groups.Where(g => g.First.Status.Identity!.Id == identity).SelectMany(g => g.Ports)]);
            engine.UpsertSubject((uint)i + 1, new SubjectSpec { Identity = identity, Labels = labels, Ports = ports });
        }

        AddNodes(engine, nodes ?? HasHostFirewall);
        IReadOnlyList<IpPrefix> prefixes = cidrs ?? [.. engine.RequiredCidrs.Order()];
        foreach ((int i, IpPrefix prefix) in prefixes.Index())
        {
            engine.UpsertIdentity(FirstCidr + (uint)i, LabelSet.Parse(
                [.. prefixes.Where(p => p.Contains(prefix)).Select(p => p.ToLabel()), "reserved:world", prefix.IsIPv4 ? "reserved:world-ipv4" : "reserved:world-ipv6"]));
        }

        engine.Commit();
        return engine;
    }

    /// <summary>Whom to compare: pods that policy cannot tell apart are one entry; nodes, where policy tells them apart, as other nodes and their pods see them.</summary>
    public IReadOnlyList<DiffEndpoint> Endpoints(IReadOnlyList<IpPrefix> cidrs) =>
    [
        .. Groups.Index().Select(g => new DiffEndpoint((uint)g.Item.First.Status.Identity!.Id, (uint)g.Index + 1, g.Item.Name)),
        .. HasHostFirewall || _tellsNodesApart ? _nodes.Index().Select(n => new DiffEndpoint(FirstNode + (uint)n.Index, HasHostFirewall ? FirstNodeSubject + (uint)n.Index : null, $"node {n.Item.Metadata.Name}")) : [],
        .. s_reserved.Select(r => new DiffEndpoint(r.Id, null, r.Name)),
        .. cidrs.Index().Select(c => new DiffEndpoint(FirstCidr + (uint)c.Index, null, c.Item.ToString())),
    ];

    private IReadOnlyList<(CiliumEndpoint First, ImmutableArray<NamedPort> Ports, string Name)> Groups => field ??=
    [
        .. _endpoints.GroupBy(e => (e.Status.Identity!.Id, Ports: string.Join(',', Ports(e)))).Select(g =>
        {
            List<string> names = [.. g.Select(e => $"{e.Metadata.Namespace}/{e.Metadata.Name}").Order(StringComparer.Ordinal)];
            return (g.First(), Ports(g.First()), names.Count == 1 ? names[0] : $"{names[0]} and {names.Count - 1} more");
        }).OrderBy(g => g.Item3, StringComparer.Ordinal),
    ];

    private static ImmutableArray<NamedPort> Ports(CiliumEndpoint endpoint) =>
    [
        .. endpoint.Status.NamedPorts.Where(p => p.Name is not null && p.Port is > 0 and <= ushort.MaxValue)
            .Select(p => new NamedPort(p.Name!.ToLowerInvariant(), p.Protocol?.ToUpperInvariant() switch { "UDP" => IpProtocol.Udp, "SCTP" => IpProtocol.Sctp, _ => IpProtocol.Tcp }, (ushort)p.Port))
            .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Port),
    ];

    private async Task ReadServicesAsync(KubeClient client, CancellationToken cancellation)
    {
        var addresses = new Dictionary<string, List<IPAddress>>(StringComparer.Ordinal);
        foreach (JsonObject slice in (await client.ListAsync(KubeTypes.EndpointSlices, cancellation: cancellation).ConfigureAwait(false)).Items)
        {
            string key = $"{(string?)slice["metadata"]?["namespace"]}/{(string?)slice["metadata"]?["labels"]?["kubernetes.io/service-name"]}";
            if (!addresses.TryGetValue(key, out List<IPAddress>? list))
            {
                addresses.Add(key, list = []);
            }

            _slices.Add((key, slice));
            list.AddRange((slice["endpoints"] as JsonArray ?? []).SelectMany(e => e?["addresses"] as JsonArray ?? [])
                .Select(a => IPAddress.TryParse((string?)a, out IPAddress? address) ? address : null).OfType<IPAddress>());
        }

        _apiServers.UnionWith((addresses.GetValueOrDefault("default/kubernetes") ?? []).Select(a => a.ToString()));
        foreach (JsonObject service in (await client.ListAsync(KubeTypes.Services, cancellation: cancellation).ConfigureAwait(false)).Items)
        {
            string ns = (string?)service["metadata"]?["namespace"] ?? "", name = (string?)service["metadata"]?["name"] ?? "";
            _serviceObjects[$"{ns}/{name}"] = service;
            _services.Add(new PolicyService
            {
                Namespace = ns,
                Name = name,
                Labels = LabelSet.Of((service["metadata"]?["labels"] as JsonObject ?? []).Select(l => new Label(Label.KubernetesSource, l.Key, (string?)l.Value ?? ""))),
                Selector = service["spec"]?["selector"] is JsonObject { Count: > 0 } selector ? selector.ToImmutableDictionary(s => s.Key, s => (string?)s.Value ?? "") : null,
                Backends = [.. addresses.GetValueOrDefault($"{ns}/{name}") ?? []],
            });
        }
    }

    private static JsonElement Element(JsonObject o)
    {
        using JsonDocument document = JsonDocument.Parse(o.ToJsonString());
        return document.RootElement.Clone();
    }
}
