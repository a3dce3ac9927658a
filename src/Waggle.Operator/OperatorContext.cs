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
    private readonly InformerSet _informers;

    public OperatorContext(KubeClient client, WaggleConfig config, string @namespace, TimeProvider time, ILoggerFactory logs)
    {
        (Client, Config, Namespace, Time, Logs) = (client, config, @namespace, time, logs);
        Events = new EventRecorder(client, "cilium-operator", null, time);
        _informers = new InformerSet(client, new ReflectorOptions(), logs);
        Nodes = _informers.Add(KubeTypes.Nodes);
        Pods = _informers.Add(KubeTypes.Pods);
        CiliumNodes = _informers.Add(KubeTypes.CiliumNodes);
        CiliumEndpoints = _informers.Add(KubeTypes.CiliumEndpoints);
        CiliumIdentities = _informers.Add(KubeTypes.CiliumIdentities);
        MulticastGroups = _informers.Add(KubeTypes.IsovalentMulticastGroups);
        MulticastNodes = _informers.Add(KubeTypes.MulticastNodes);
        CiliumNetworkPolicies = _informers.Add(KubeTypes.CiliumNetworkPolicies);
        CiliumClusterwideNetworkPolicies = _informers.Add(KubeTypes.CiliumClusterwideNetworkPolicies);
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
    public Task RunAsync(CancellationToken cancellation) => _informers.RunAsync(cancellation);
}
