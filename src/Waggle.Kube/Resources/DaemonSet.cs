using System.Text.Json;

namespace Waggle.Kube.Resources;

/// <summary>apps/v1 DaemonSet.</summary>
public sealed record DaemonSet : KubeObject
{
    public DaemonSetSpec Spec { get => field ?? DaemonSetSpec.Empty; init; }

    public DaemonSetStatus Status { get => field ?? DaemonSetStatus.Empty; init; }
}

public sealed record DaemonSetSpec
{
    public static DaemonSetSpec Empty { get; } = new();

    public LabelSelector? Selector { get; init; }

    public PodTemplate? Template { get; init; }

    public DaemonSetUpdateStrategy? UpdateStrategy { get; init; }

    public int? MinReadySeconds { get; init; }

    public int? RevisionHistoryLimit { get; init; }
}

public sealed record DaemonSetUpdateStrategy
{
    /// <summary><c>RollingUpdate</c> (default) or <c>OnDelete</c>.</summary>
    public string? Type { get; init; }

    public RollingUpdate? RollingUpdate { get; init; }
}

public sealed record DaemonSetStatus
{
    public static DaemonSetStatus Empty { get; } = new();

    public int CurrentNumberScheduled { get; init; }

    public int NumberMisscheduled { get; init; }

    public int DesiredNumberScheduled { get; init; }

    public int NumberReady { get; init; }

    public long? ObservedGeneration { get; init; }

    public int? UpdatedNumberScheduled { get; init; }

    public int? NumberAvailable { get; init; }

    public int? NumberUnavailable { get; init; }

    public int? CollisionCount { get; init; }
}

/// <summary>apps/v1 ControllerRevision: one past or present state of a DaemonSet's template.</summary>
public sealed record ControllerRevision : KubeObject
{
    public JsonElement? Data { get; init; }

    public long Revision { get; init; }
}
