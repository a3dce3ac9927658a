using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>cilium.io/v2 CiliumNode (cluster-scoped, named as the node): addresses and pod CIDRs of a node.</summary>
public sealed record CiliumNode : KubeObject
{
    public CiliumNodeSpec Spec { get => field ?? CiliumNodeSpec.Empty; init; }

    public CiliumNodeStatus? Status { get; init; }
}

public sealed record CiliumNodeSpec
{
    public static CiliumNodeSpec Empty { get; } = new();

    public IReadOnlyList<CiliumNodeAddress> Addresses { get => field ?? []; init; }

    public CiliumNodeIpam? Ipam { get; init; }

    public CiliumIpPair? Health { get; init; }

    public CiliumIpPair? Ingress { get; init; }

    public CiliumNodeEncryption? Encryption { get; init; }

    [JsonPropertyName("bootid")]
    public string? BootId { get; init; }

    [JsonPropertyName("nodeidentity")]
    public long? NodeIdentity { get; init; }
}

public sealed record CiliumNodeAddress
{
    /// <summary><c>InternalIP</c>, <c>ExternalIP</c>, <c>CiliumInternalIP</c>, …</summary>
    public string Type { get; init; } = "";

    public string Ip { get; init; } = "";
}

public sealed record CiliumNodeIpam
{
    [JsonPropertyName("podCIDRs")]
    public IReadOnlyList<string> PodCidrs { get => field ?? []; init; }
}

public sealed record CiliumIpPair
{
    [JsonPropertyName("ipv4")]
    public string? Ipv4 { get; init; }

    [JsonPropertyName("ipv6")]
    public string? Ipv6 { get; init; }
}

public sealed record CiliumNodeEncryption
{
    public int? Key { get; init; }
}

public sealed record CiliumNodeStatus
{
    public CiliumNodeIpamStatus? Ipam { get; init; }
}

public sealed record CiliumNodeIpamStatus
{
    /// <summary>Pod CIDRs with their state (<c>released</c>, <c>depleted</c>, <c>in-use</c>).</summary>
    [JsonPropertyName("pod-cidrs")]
    public IReadOnlyDictionary<string, CiliumPodCidrState> PodCidrs { get => field ?? ReadOnlyDictionary<string, CiliumPodCidrState>.Empty; init; }

    [JsonPropertyName("operator-status")]
    public CiliumOperatorStatus? OperatorStatus { get; init; }
}

public sealed record CiliumPodCidrState
{
    public string? Status { get; init; }
}

public sealed record CiliumOperatorStatus
{
    /// <summary>Why the operator could not serve this node, e.g. an exhausted pool.</summary>
    public string? Error { get; init; }
}

/// <summary>cilium.io/v2 CiliumIdentity (cluster-scoped; the name is the numeric identity).</summary>
public sealed record CiliumIdentity : KubeObject
{
    /// <summary>Labels with their source, e.g. <c>k8s:app</c>: <c>web</c>.</summary>
    [JsonPropertyName("security-labels")]
    public IReadOnlyDictionary<string, string> SecurityLabels { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }
}
