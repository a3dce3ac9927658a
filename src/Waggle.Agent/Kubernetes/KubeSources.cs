using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Kubernetes;

/// <summary>One copy of each kind of API object that the agent reads. Started by <see cref="KubeSourcesService"/>.</summary>
public sealed class KubeSources
{
    // The resource types may be younger than the agent (the operator installs them): look again soon.
    private static readonly ReflectorOptions Soon = new() { MaxBackoff = TimeSpan.FromSeconds(1), MinBackoff = TimeSpan.FromMilliseconds(100) };

    public KubeSources(KubeClient client, AgentArguments arguments, ILoggerFactory logs)
    {
        Client = client;
        Config = new Informer<ConfigMap>(client, KubeTypes.ConfigMaps, Soon with { Namespace = arguments.Namespace, FieldSelector = "metadata.name=cilium-config" }, logs.CreateLogger("watch.configmaps"));
        Pods = new Informer<Pod>(client, KubeTypes.Pods, Soon with { FieldSelector = $"spec.nodeName={arguments.NodeName}" }, logs.CreateLogger("watch.pods"));
        Node = new Informer<Node>(client, KubeTypes.Nodes, Soon with { FieldSelector = $"metadata.name={arguments.NodeName}" }, logs.CreateLogger("watch.node"));
        Namespaces = new Informer<Namespace>(client, KubeTypes.Namespaces, Soon, logs.CreateLogger("watch.namespaces"));
        CiliumNodes = new Informer<CiliumNode>(client, KubeTypes.CiliumNodes, Soon, logs.CreateLogger("watch.ciliumnodes"));
        CiliumIdentities = new Informer<CiliumIdentity>(client, KubeTypes.CiliumIdentities, Soon, logs.CreateLogger("watch.ciliumidentities"));
        CiliumEndpoints = new Informer<CiliumEndpoint>(client, KubeTypes.CiliumEndpoints, Soon, logs.CreateLogger("watch.ciliumendpoints"));
        MulticastGroups = new Informer<IsovalentMulticastGroup>(client, KubeTypes.IsovalentMulticastGroups, Soon, logs.CreateLogger("watch.multicastgroups"));
        MulticastNodes = new Informer<MulticastNode>(client, KubeTypes.MulticastNodes, Soon, logs.CreateLogger("watch.multicastnodes"));
        NetworkPolicies = new Informer<JsonObject>(client, KubeTypes.NetworkPolicies, Soon, logs.CreateLogger("watch.networkpolicies"));
        CiliumNetworkPolicies = new Informer<JsonObject>(client, KubeTypes.CiliumNetworkPolicies, Soon, logs.CreateLogger("watch.ciliumnetworkpolicies"));
        CiliumClusterwideNetworkPolicies = new Informer<JsonObject>(client, KubeTypes.CiliumClusterwideNetworkPolicies, Soon, logs.CreateLogger("watch.ciliumclusterwidenetworkpolicies"));
        CiliumCidrGroups = new Informer<JsonObject>(client, KubeTypes.CiliumCidrGroups, Soon, logs.CreateLogger("watch.ciliumcidrgroups"));
        Services = new Informer<JsonObject>(client, KubeTypes.Services, Soon, logs.CreateLogger("watch.services"));
        EndpointSlices = new Informer<JsonObject>(client, KubeTypes.EndpointSlices, Soon, logs.CreateLogger("watch.endpointslices"));
    }

    public KubeClient Client { get; }

    /// <summary>The agents' own ConfigMap.</summary>
    public Informer<ConfigMap> Config { get; }

    /// <summary>Pods of this node.</summary>
    public Informer<Pod> Pods { get; }

    /// <summary>This node's own Node object.</summary>
    public Informer<Node> Node { get; }

    public Informer<Namespace> Namespaces { get; }

    public Informer<CiliumNode> CiliumNodes { get; }

    public Informer<CiliumIdentity> CiliumIdentities { get; }

    public Informer<CiliumEndpoint> CiliumEndpoints { get; }

    public Informer<IsovalentMulticastGroup> MulticastGroups { get; }

    public Informer<MulticastNode> MulticastNodes { get; }

    public Informer<JsonObject> NetworkPolicies { get; }

    public Informer<JsonObject> CiliumNetworkPolicies { get; }

    public Informer<JsonObject> CiliumClusterwideNetworkPolicies { get; }

    public Informer<JsonObject> CiliumCidrGroups { get; }

    public Informer<JsonObject> Services { get; }

    public Informer<JsonObject> EndpointSlices { get; }

    /// <summary>Name, state and last error of every copy, for <c>waggle status</c>.</summary>
    public IEnumerable<(string Name, bool Synced, string Error)> Status() =>
    [
        ("pods", Pods.HasSynced, Text(Pods.LastError)), ("node", Node.HasSynced, Text(Node.LastError)), ("namespaces", Namespaces.HasSynced, Text(Namespaces.LastError)), ("ciliumnodes", CiliumNodes.HasSynced, Text(CiliumNodes.LastError)),
        ("ciliumidentities", CiliumIdentities.HasSynced, Text(CiliumIdentities.LastError)), ("ciliumendpoints", CiliumEndpoints.HasSynced, Text(CiliumEndpoints.LastError)),
        ("isovalentmulticastgroups", MulticastGroups.HasSynced, Text(MulticastGroups.LastError)), ("multicastnodes", MulticastNodes.HasSynced, Text(MulticastNodes.LastError)),
        ("networkpolicies", NetworkPolicies.HasSynced, Text(NetworkPolicies.LastError)), ("ciliumnetworkpolicies", CiliumNetworkPolicies.HasSynced, Text(CiliumNetworkPolicies.LastError)),
        ("ciliumclusterwidenetworkpolicies", CiliumClusterwideNetworkPolicies.HasSynced, Text(CiliumClusterwideNetworkPolicies.LastError)),
        ("ciliumcidrgroups", CiliumCidrGroups.HasSynced, Text(CiliumCidrGroups.LastError)), ("services", Services.HasSynced, Text(Services.LastError)),
        ("endpointslices", EndpointSlices.HasSynced, Text(EndpointSlices.LastError)), ("configmaps", Config.HasSynced, Text(Config.LastError)),
    ];

    private static string Text(Exception? e) => e?.Message ?? "";
}
