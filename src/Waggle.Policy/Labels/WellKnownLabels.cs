namespace Waggle.Policy.Labels;

/// <summary>Keys that the platform sets on identities.</summary>
public static class WellKnownLabels
{
    /// <summary>The namespace of a pod; every pod has it, nothing else does.</summary>
    public const string Namespace = "io.kubernetes.pod.namespace";

    /// <summary>In front of each label of a pod's namespace.</summary>
    public const string NamespaceLabelsPrefix = "io.cilium.k8s.namespace.labels.";

    /// <summary>The cluster of a pod.</summary>
    public const string Cluster = "io.cilium.k8s.policy.cluster";
}
