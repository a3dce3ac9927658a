using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>core/v1 Node.</summary>
public sealed record Node : KubeObject
{
    public NodeSpec Spec { get => field ?? NodeSpec.Empty; init; }

    public NodeStatus Status { get => field ?? NodeStatus.Empty; init; }
}

public sealed record NodeSpec
{
    public static NodeSpec Empty { get; } = new();

    [JsonPropertyName("podCIDR")]
    public string? PodCidr { get; init; }

    [JsonPropertyName("podCIDRs")]
    public IReadOnlyList<string> PodCidrs { get => field ?? []; init; }

    [JsonPropertyName("providerID")]
    public string? ProviderId { get; init; }

    /// <summary>True for a cordoned node.</summary>
    public bool? Unschedulable { get; init; }

    public IReadOnlyList<Taint> Taints { get => field ?? []; init; }
}

public sealed record Taint
{
    public string Key { get; init; } = "";

    public string? Value { get; init; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    public string Effect { get; init; } = "";

    public DateTimeOffset? TimeAdded { get; init; }
}

public sealed record NodeStatus
{
    public static NodeStatus Empty { get; } = new();

    public IReadOnlyList<NodeAddress> Addresses { get => field ?? []; init; }

    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }

    /// <summary>Quantities by resource name, e.g. <c>pods</c>: <c>110</c>.</summary>
    public IReadOnlyDictionary<string, string> Capacity { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyDictionary<string, string> Allocatable { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public NodeSystemInfo? NodeInfo { get; init; }
}

public sealed record NodeAddress
{
    /// <summary><c>InternalIP</c>, <c>ExternalIP</c>, <c>Hostname</c>, …</summary>
    public string Type { get; init; } = "";

    public string Address { get; init; } = "";
}

public sealed record NodeSystemInfo
{
    [JsonPropertyName("machineID")]
    public string MachineId { get; init; } = "";

    [JsonPropertyName("systemUUID")]
    public string SystemUuid { get; init; } = "";

    [JsonPropertyName("bootID")]
    public string BootId { get; init; } = "";

    public string KernelVersion { get; init; } = "";

    public string OsImage { get; init; } = "";

    public string ContainerRuntimeVersion { get; init; } = "";

    public string KubeletVersion { get; init; } = "";

    public string KubeProxyVersion { get; init; } = "";

    public string OperatingSystem { get; init; } = "";

    public string Architecture { get; init; } = "";
}
