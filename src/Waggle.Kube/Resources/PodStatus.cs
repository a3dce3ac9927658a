using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

public sealed record PodStatus
{
    public static PodStatus Empty { get; } = new();

    /// <summary><c>Pending</c>, <c>Running</c>, <c>Succeeded</c>, <c>Failed</c> or <c>Unknown</c>.</summary>
    public string? Phase { get; init; }

    public string? Message { get; init; }

    public string? Reason { get; init; }

    public string? NominatedNodeName { get; init; }

    [JsonPropertyName("hostIP")]
    public string? HostIp { get; init; }

    [JsonPropertyName("hostIPs")]
    public IReadOnlyList<PodIp> HostIps { get => field ?? []; init; }

    [JsonPropertyName("podIP")]
    public string? Ip { get; init; }

    [JsonPropertyName("podIPs")]
    public IReadOnlyList<PodIp> Ips { get => field ?? []; init; }

    public DateTimeOffset? StartTime { get; init; }

    public string? QosClass { get; init; }

    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }

    public IReadOnlyList<ContainerStatus> InitContainerStatuses { get => field ?? []; init; }

    public IReadOnlyList<ContainerStatus> ContainerStatuses { get => field ?? []; init; }
}

public sealed record PodIp
{
    public string Ip { get; init; } = "";
}

public sealed record ContainerStatus
{
    public string Name { get; init; } = "";

    public bool Ready { get; init; }

    public bool? Started { get; init; }

    public int RestartCount { get; init; }

    public string Image { get; init; } = "";

    [JsonPropertyName("imageID")]
    public string ImageId { get; init; } = "";

    [JsonPropertyName("containerID")]
    public string? ContainerId { get; init; }

    public ContainerState? State { get; init; }

    public ContainerState? LastState { get; init; }
}

/// <summary>Exactly one member is set; none means waiting.</summary>
public sealed record ContainerState
{
    public ContainerStateWaiting? Waiting { get; init; }

    public ContainerStateRunning? Running { get; init; }

    public ContainerStateTerminated? Terminated { get; init; }
}

public sealed record ContainerStateWaiting
{
    public string? Reason { get; init; }

    public string? Message { get; init; }
}

public sealed record ContainerStateRunning
{
    public DateTimeOffset? StartedAt { get; init; }
}

public sealed record ContainerStateTerminated
{
    public int ExitCode { get; init; }

    public int? Signal { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    [JsonPropertyName("containerID")]
    public string? ContainerId { get; init; }
}
