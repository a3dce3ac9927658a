using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Operator;

/// <summary>What the elected operator's features share: the client, the configuration and one copy of each kind of object.</summary>
public sealed class OperatorContext
{
    public OperatorContext(KubeClient client, WaggleConfig config, string @namespace, TimeProvider time, ILoggerFactory logs)
    {
        (Client, Config, Namespace, Time, Logs) = (client, config, @namespace, time, logs);
        Events = new EventRecorder(client, "cilium-operator", null, time);
        Nodes = new Informer<Node>(client, KubeTypes.Nodes, null, logs.CreateLogger("nodes"));
        Pods = new Informer<Pod>(client, KubeTypes.Pods, null, logs.CreateLogger("pods"));
        CiliumNodes = new Informer<CiliumNode>(client, KubeTypes.CiliumNodes, null, logs.CreateLogger("ciliumnodes"));
        CiliumEndpoints = new Informer<CiliumEndpoint>(client, KubeTypes.CiliumEndpoints, null, logs.CreateLogger("ciliumendpoints"));
        CiliumIdentities = new Informer<CiliumIdentity>(client, KubeTypes.CiliumIdentities, null, logs.CreateLogger("ciliumidentities"));
        MulticastGroups = new Informer<IsovalentMulticastGroup>(client, KubeTypes.IsovalentMulticastGroups, null, logs.CreateLogger("multicastgroups"));
        MulticastNodes = new Informer<MulticastNode>(client, KubeTypes.MulticastNodes, null, logs.CreateLogger("multicastnodes"));
        CiliumNetworkPolicies = new Informer<JsonObject>(client, KubeTypes.CiliumNetworkPolicies, null, logs.CreateLogger("ciliumnetworkpolicies"));
        CiliumClusterwideNetworkPolicies = new Informer<JsonObject>(client, KubeTypes.CiliumClusterwideNetworkPolicies, null, logs.CreateLogger("ciliumclusterwidenetworkpolicies"));
    }

    public KubeClient Client { get; }

    public WaggleConfig Config { get; }

    /// <summary>Namespace of agents and operators.</summary>
    public string Namespace { get; }

    public TimeProvider Time { get; }

    public ILoggerFactory Logs { get; }

    public EventRecorder Events { get; }

    public Informer<Node> Nodes { get; }

    public Informer<Pod> Pods { get; }

    public Informer<CiliumNode> CiliumNodes { get; }

    public Informer<CiliumEndpoint> CiliumEndpoints { get; }

    public Informer<CiliumIdentity> CiliumIdentities { get; }

    public Informer<IsovalentMulticastGroup> MulticastGroups { get; }

    public Informer<MulticastNode> MulticastNodes { get; }

    public Informer<JsonObject> CiliumNetworkPolicies { get; }

    public Informer<JsonObject> CiliumClusterwideNetworkPolicies { get; }

    /// <summary>Keeps all copies up to date until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Nodes.RunAsync(cancellation), Pods.RunAsync(cancellation), CiliumNodes.RunAsync(cancellation), CiliumEndpoints.RunAsync(cancellation),
        CiliumIdentities.RunAsync(cancellation), MulticastGroups.RunAsync(cancellation), MulticastNodes.RunAsync(cancellation),
        CiliumNetworkPolicies.RunAsync(cancellation), CiliumClusterwideNetworkPolicies.RunAsync(cancellation));
}
