namespace Waggle.Kube.Resources;

/// <summary>apps/v1 Deployment.</summary>
public sealed record Deployment : KubeObject
{
    public DeploymentSpec Spec { get => field ?? DeploymentSpec.Empty; init; }

    public DeploymentStatus Status { get => field ?? DeploymentStatus.Empty; init; }
}

public sealed record DeploymentSpec
{
    public static DeploymentSpec Empty { get; } = new();

    /// <summary>Wanted pods; absent means 1.</summary>
    public int? Replicas { get; init; }

    public LabelSelector? Selector { get; init; }

    public PodTemplate? Template { get; init; }

    public DeploymentStrategy? Strategy { get; init; }

    public int? MinReadySeconds { get; init; }

    /// <summary>How many old ReplicaSets are kept for rollback; absent means 10.</summary>
    public int? RevisionHistoryLimit { get; init; }

    public bool? Paused { get; init; }

    /// <summary>Seconds without progress after which the rollout counts as failed; absent means 600.</summary>
    public int? ProgressDeadlineSeconds { get; init; }
}

public sealed record DeploymentStrategy
{
    /// <summary><c>RollingUpdate</c> (default) or <c>Recreate</c>.</summary>
    public string? Type { get; init; }

    public RollingUpdate? RollingUpdate { get; init; }
}

public sealed record RollingUpdate
{
    public IntOrString? MaxSurge { get; init; }

    public IntOrString? MaxUnavailable { get; init; }
}

public sealed record DeploymentStatus
{
    public static DeploymentStatus Empty { get; } = new();

    public long? ObservedGeneration { get; init; }

    public int? Replicas { get; init; }

    public int? UpdatedReplicas { get; init; }

    public int? ReadyReplicas { get; init; }

    public int? AvailableReplicas { get; init; }

    public int? UnavailableReplicas { get; init; }

    public int? CollisionCount { get; init; }

    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }
}

/// <summary>apps/v1 ReplicaSet.</summary>
public sealed record ReplicaSet : KubeObject
{
    public ReplicaSetSpec Spec { get => field ?? ReplicaSetSpec.Empty; init; }

    public ReplicaSetStatus Status { get => field ?? ReplicaSetStatus.Empty; init; }
}

public sealed record ReplicaSetSpec
{
    public static ReplicaSetSpec Empty { get; } = new();

    public int? Replicas { get; init; }

    public LabelSelector? Selector { get; init; }

    public PodTemplate? Template { get; init; }

    public int? MinReadySeconds { get; init; }
}

public sealed record ReplicaSetStatus
{
    public static ReplicaSetStatus Empty { get; } = new();

    public int Replicas { get; init; }

    public int? FullyLabeledReplicas { get; init; }

    public int? ReadyReplicas { get; init; }

    public int? AvailableReplicas { get; init; }

    public long? ObservedGeneration { get; init; }

    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }
}
