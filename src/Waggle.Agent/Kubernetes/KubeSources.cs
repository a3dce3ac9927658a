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
        Namespaces = new Informer<Namespace>(client, KubeTypes.Namespaces, Soon, logs.CreateLogger("watch.namespaces"));
        CiliumNodes = new Informer<CiliumNode>(client, KubeTypes.CiliumNodes, Soon, logs.CreateLogger("watch.ciliumnodes"));
        CiliumIdentities = new Informer<CiliumIdentity>(client, KubeTypes.CiliumIdentities, Soon, logs.CreateLogger("watch.ciliumidentities"));
        CiliumEndpoints = new Informer<CiliumEndpoint>(client, KubeTypes.CiliumEndpoints, Soon, logs.CreateLogger("watch.ciliumendpoints"));
        MulticastGroups = new Informer<IsovalentMulticastGroup>(client, KubeTypes.IsovalentMulticastGroups, Soon, logs.CreateLogger("watch.multicastgroups"));
        MulticastNodes = new Informer<MulticastNode>(client, KubeTypes.MulticastNodes, Soon, logs.CreateLogger("watch.multicastnodes"));
    }

    public KubeClient Client { get; }

    /// <summary>The agents' own ConfigMap.</summary>
    public Informer<ConfigMap> Config { get; }

    /// <summary>Pods of this node.</summary>
    public Informer<Pod> Pods { get; }

    public Informer<Namespace> Namespaces { get; }

    public Informer<CiliumNode> CiliumNodes { get; }

    public Informer<CiliumIdentity> CiliumIdentities { get; }

    public Informer<CiliumEndpoint> CiliumEndpoints { get; }

    public Informer<IsovalentMulticastGroup> MulticastGroups { get; }

    public Informer<MulticastNode> MulticastNodes { get; }

    /// <summary>Name, state and last error of every copy, for <c>waggle status</c>.</summary>
    public IEnumerable<(string Name, bool Synced, string Error)> Status() =>
    [
        ("pods", Pods.HasSynced, Text(Pods.LastError)), ("namespaces", Namespaces.HasSynced, Text(Namespaces.LastError)), ("ciliumnodes", CiliumNodes.HasSynced, Text(CiliumNodes.LastError)),
        ("ciliumidentities", CiliumIdentities.HasSynced, Text(CiliumIdentities.LastError)), ("ciliumendpoints", CiliumEndpoints.HasSynced, Text(CiliumEndpoints.LastError)),
        ("isovalentmulticastgroups", MulticastGroups.HasSynced, Text(MulticastGroups.LastError)), ("multicastnodes", MulticastNodes.HasSynced, Text(MulticastNodes.LastError)),
        ("configmaps", Config.HasSynced, Text(Config.LastError)),
    ];

    private static string Text(Exception? e) => e?.Message ?? "";
}
