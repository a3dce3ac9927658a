using System.Text.Json.Nodes;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Client;

/// <summary>The resource types that Waggle reads and writes.</summary>
public static class KubeTypes
{
    public static ResourceType<Namespace> Namespaces { get; } = ResourceType.For<Namespace>("", "v1", "namespaces", false);

    public static ResourceType<Node> Nodes { get; } = ResourceType.For<Node>("", "v1", "nodes", false);

    public static ResourceType<Pod> Pods { get; } = ResourceType.For<Pod>("", "v1", "pods", true);

    public static ResourceType<ConfigMap> ConfigMaps { get; } = ResourceType.For<ConfigMap>("", "v1", "configmaps", true);

    public static ResourceType<Secret> Secrets { get; } = ResourceType.For<Secret>("", "v1", "secrets", true);

    public static ResourceType<ServiceAccount> ServiceAccounts { get; } = ResourceType.For<ServiceAccount>("", "v1", "serviceaccounts", true);

    public static ResourceType<Event> Events { get; } = ResourceType.For<Event>("", "v1", "events", true);

    public static ResourceType<Deployment> Deployments { get; } = ResourceType.For<Deployment>("apps", "v1", "deployments", true);

    public static ResourceType<ReplicaSet> ReplicaSets { get; } = ResourceType.For<ReplicaSet>("apps", "v1", "replicasets", true);

    public static ResourceType<DaemonSet> DaemonSets { get; } = ResourceType.For<DaemonSet>("apps", "v1", "daemonsets", true);

    public static ResourceType<ControllerRevision> ControllerRevisions { get; } = ResourceType.For<ControllerRevision>("apps", "v1", "controllerrevisions", true);

    public static ResourceType<Lease> Leases { get; } = ResourceType.For<Lease>("coordination.k8s.io", "v1", "leases", true);

    public static ResourceType<CustomResourceDefinition> CustomResourceDefinitions { get; } =
        ResourceType.For<CustomResourceDefinition>("apiextensions.k8s.io", "v1", "customresourcedefinitions", false);

    public static ResourceType<CiliumNode> CiliumNodes { get; } = ResourceType.For<CiliumNode>("cilium.io", "v2", "ciliumnodes", false);

    public static ResourceType<CiliumIdentity> CiliumIdentities { get; } = ResourceType.For<CiliumIdentity>("cilium.io", "v2", "ciliumidentities", false);

    public static ResourceType<CiliumEndpoint> CiliumEndpoints { get; } = ResourceType.For<CiliumEndpoint>("cilium.io", "v2", "ciliumendpoints", true);

    /// <summary>Namespaced: public manifests carry <c>metadata.namespace</c>.</summary>
    public static ResourceType<IsovalentMulticastGroup> IsovalentMulticastGroups { get; } =
        ResourceType.For<IsovalentMulticastGroup>("isovalent.com", "v1alpha1", "isovalentmulticastgroups", true);

    public static ResourceType<MulticastNode> MulticastNodes { get; } = ResourceType.For<MulticastNode>("waggle.io", "v1alpha1", "multicastnodes", false);

    public static ResourceType<JsonObject> Services { get; } = ResourceType.Untyped("", "v1", "services", "Service", true);

    public static ResourceType<JsonObject> EndpointSlices { get; } = ResourceType.Untyped("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);

    // Policies are trees: Waggle.Policy reads them, and must say what is wrong with any of them.
    public static ResourceType<JsonObject> NetworkPolicies { get; } = ResourceType.Untyped("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true);

    public static ResourceType<JsonObject> CiliumNetworkPolicies { get; } = ResourceType.Untyped("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy", true);

    public static ResourceType<JsonObject> CiliumClusterwideNetworkPolicies { get; } =
        ResourceType.Untyped("cilium.io", "v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy", false);

    public static ResourceType<JsonObject> CiliumCidrGroups { get; } = ResourceType.Untyped("cilium.io", "v2alpha1", "ciliumcidrgroups", "CiliumCIDRGroup", false);
}
