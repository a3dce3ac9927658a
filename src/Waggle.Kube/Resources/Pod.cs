using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>core/v1 Pod.</summary>
public sealed record Pod : KubeObject
{
    public PodSpec Spec { get => field ?? PodSpec.Empty; init; }

    public PodStatus Status { get => field ?? PodStatus.Empty; init; }
}

public sealed record PodSpec
{
    public static PodSpec Empty { get; } = new();

    public string? NodeName { get; init; }

    public IReadOnlyDictionary<string, string> NodeSelector { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public Affinity? Affinity { get; init; }

    public IReadOnlyList<Toleration> Tolerations { get => field ?? []; init; }

    public IReadOnlyList<TopologySpreadConstraint> TopologySpreadConstraints { get => field ?? []; init; }

    public string? SchedulerName { get; init; }

    public int? Priority { get; init; }

    public string? PriorityClassName { get; init; }

    public IReadOnlyList<Container> Containers { get => field ?? []; init; }

    public IReadOnlyList<Container> InitContainers { get => field ?? []; init; }

    public IReadOnlyList<Volume> Volumes { get => field ?? []; init; }

    /// <summary><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</summary>
    public string? RestartPolicy { get; init; }

    public long? TerminationGracePeriodSeconds { get; init; }

    public long? ActiveDeadlineSeconds { get; init; }

    public string? DnsPolicy { get; init; }

    public string? ServiceAccountName { get; init; }

    public bool? AutomountServiceAccountToken { get; init; }

    public bool? HostNetwork { get; init; }

    [JsonPropertyName("hostPID")]
    public bool? HostPid { get; init; }

    [JsonPropertyName("hostIPC")]
    public bool? HostIpc { get; init; }

    public bool? ShareProcessNamespace { get; init; }

    public bool? EnableServiceLinks { get; init; }

    public PodSecurityContext? SecurityContext { get; init; }

    public string? Hostname { get; init; }

    public string? Subdomain { get; init; }

    public IReadOnlyList<HostAlias> HostAliases { get => field ?? []; init; }
}

public sealed record HostAlias
{
    public string Ip { get; init; } = "";

    public IReadOnlyList<string> Hostnames { get => field ?? []; init; }
}

public sealed record PodSecurityContext
{
    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public long? FsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public IReadOnlyList<long> SupplementalGroups { get => field ?? []; init; }

    public IReadOnlyList<NameValue> Sysctls { get => field ?? []; init; }
}

public sealed record NameValue
{
    public string Name { get; init; } = "";

    public string Value { get; init; } = "";
}
