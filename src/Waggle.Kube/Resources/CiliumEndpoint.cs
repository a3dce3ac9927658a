using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>cilium.io/v2 CiliumEndpoint (namespaced, named as the pod, owned by it).</summary>
public sealed record CiliumEndpoint : KubeObject
{
    public CiliumEndpointStatus Status { get => field ?? CiliumEndpointStatus.Empty; init; }
}

public sealed record CiliumEndpointStatus
{
    public static CiliumEndpointStatus Empty { get; } = new();

    /// <summary>The endpoint's number on its node.</summary>
    public long? Id { get; init; }

    /// <summary><c>ready</c>, <c>waiting-for-identity</c>, …</summary>
    public string? State { get; init; }

    public CiliumEndpointIdentity? Identity { get; init; }

    public CiliumEndpointNetworking? Networking { get; init; }

    [JsonPropertyName("external-identifiers")]
    public CiliumExternalIdentifiers? ExternalIdentifiers { get; init; }

    public CiliumNodeEncryption? Encryption { get; init; }

    [JsonPropertyName("named-ports")]
    public IReadOnlyList<CiliumNamedPort> NamedPorts { get => field ?? []; init; }

    public string? ServiceAccount { get; init; }

    public CiliumEndpointPolicy? Policy { get; init; }
}

/// <summary>Whether policy is enforced, by direction.</summary>
public sealed record CiliumEndpointPolicy
{
    public CiliumEndpointPolicyDirection? Ingress { get; init; }

    public CiliumEndpointPolicyDirection? Egress { get; init; }
}

public sealed record CiliumEndpointPolicyDirection
{
    public bool Enforcing { get; init; }

    /// <summary><c>disabled</c>, <c>enforcing</c> or <c>non-enforcing</c> (audit).</summary>
    public string? State { get; init; }
}

public sealed record CiliumEndpointIdentity
{
    public long Id { get; init; }

    /// <summary>Sorted texts <c>source:key=value</c>.</summary>
    public IReadOnlyList<string> Labels { get => field ?? []; init; }
}

public sealed record CiliumEndpointNetworking
{
    public IReadOnlyList<CiliumIpPair> Addressing { get => field ?? []; init; }

    /// <summary>The node's own address, to which tunnelled traffic goes.</summary>
    public string? Node { get; init; }
}

public sealed record CiliumExternalIdentifiers
{
    [JsonPropertyName("container-id")]
    public string? ContainerId { get; init; }

    [JsonPropertyName("cni-attachment-id")]
    public string? CniAttachmentId { get; init; }

    [JsonPropertyName("k8s-namespace")]
    public string? K8sNamespace { get; init; }

    [JsonPropertyName("k8s-pod-name")]
    public string? K8sPodName { get; init; }

    [JsonPropertyName("pod-name")]
    public string? PodName { get; init; }
}

public sealed record CiliumNamedPort
{
    public string? Name { get; init; }

    public int Port { get; init; }

    public string? Protocol { get; init; }
}
