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

    /// <summary>All but <see cref="Config"/>, which has a service of its own.</summary>
    private readonly InformerSet _informers;

    public KubeSources(KubeClient client, AgentArguments arguments, ILoggerFactory logs)
    {
        Client = client;
        Config = new Informer<ConfigMap>(client, KubeTypes.ConfigMaps, Soon with { Namespace = arguments.Namespace, FieldSelector = "metadata.name=cilium-config" }, logs.CreateLogger("watch.configmaps"));
        _informers = new InformerSet(client, Soon, logs);
        Pods = _informers.Add(KubeTypes.Pods, Soon with { FieldSelector = $"spec.nodeName={arguments.NodeName}" });
        Node = _informers.Add(KubeTypes.Nodes, Soon with { FieldSelector = $"metadata.name={arguments.NodeName}" }, "node");
        Namespaces = _informers.Add(KubeTypes.Namespaces);
        CiliumNodes = _informers.Add(KubeTypes.CiliumNodes);
        CiliumIdentities = _informers.Add(KubeTypes.CiliumIdentities);
        CiliumEndpoints = _informers.Add(KubeTypes.CiliumEndpoints);
        MulticastGroups = _informers.Add(KubeTypes.IsovalentMulticastGroups);
        MulticastNodes = _informers.Add(KubeTypes.MulticastNodes);
        NetworkPolicies = _informers.Add(KubeTypes.NetworkPolicies);
        CiliumNetworkPolicies = _informers.Add(KubeTypes.CiliumNetworkPolicies);
        CiliumClusterwideNetworkPolicies = _informers.Add(KubeTypes.CiliumClusterwideNetworkPolicies);
        CiliumCidrGroups = _informers.Add(KubeTypes.CiliumCidrGroups);
        Services = _informers.Add(KubeTypes.Services);
        EndpointSlices = _informers.Add(KubeTypes.EndpointSlices);
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

    /// <summary>Completes with the first complete list of each, the ConfigMap apart.</summary>
    public Task Synced => _informers.Synced;

    /// <summary>How every copy stands, for <c>waggle status</c>.</summary>
    public IEnumerable<InformerStatus> Status => [.. _informers.Status, new InformerStatus("configmaps", Config.HasSynced, Config.LastError?.Message ?? "")];

    /// <summary>Keeps them up to date until cancelled, the ConfigMap apart.</summary>
    public Task RunAsync(CancellationToken cancellation) => _informers.RunAsync(cancellation);
}
