namespace Waggle.Kube.Resources;

public sealed record Affinity
{
    public NodeAffinity? NodeAffinity { get; init; }

    public PodAffinity? PodAffinity { get; init; }

    public PodAffinity? PodAntiAffinity { get; init; }
}

public sealed record NodeAffinity
{
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    public IReadOnlyList<PreferredSchedulingTerm> PreferredDuringSchedulingIgnoredDuringExecution { get => field ?? []; init; }
}

/// <summary>Terms are alternatives (OR); inside a term everything must hold (AND). A term without requirements matches nothing.</summary>
public sealed record NodeSelector
{
    public IReadOnlyList<NodeSelectorTerm> NodeSelectorTerms { get => field ?? []; init; }
}

public sealed record NodeSelectorTerm
{
    public IReadOnlyList<LabelSelectorRequirement> MatchExpressions { get => field ?? []; init; }

    /// <summary>Only <c>metadata.name</c> is defined.</summary>
    public IReadOnlyList<LabelSelectorRequirement> MatchFields { get => field ?? []; init; }
}

public sealed record PreferredSchedulingTerm
{
    public int Weight { get; init; }

    public NodeSelectorTerm Preference { get; init; } = new();
}

public sealed record PodAffinity
{
    public IReadOnlyList<PodAffinityTerm> RequiredDuringSchedulingIgnoredDuringExecution { get => field ?? []; init; }

    public IReadOnlyList<WeightedPodAffinityTerm> PreferredDuringSchedulingIgnoredDuringExecution { get => field ?? []; init; }
}

public sealed record PodAffinityTerm
{
    public LabelSelector? LabelSelector { get; init; }

    public LabelSelector? NamespaceSelector { get; init; }

    public IReadOnlyList<string> Namespaces { get => field ?? []; init; }

    public string TopologyKey { get; init; } = "";
}

public sealed record WeightedPodAffinityTerm
{
    public int Weight { get; init; }

    public PodAffinityTerm PodAffinityTerm { get; init; } = new();
}

public sealed record Toleration
{
    /// <summary>Empty with <c>Exists</c> tolerates every taint.</summary>
    public string? Key { get; init; }

    /// <summary><c>Equal</c> (default) or <c>Exists</c>.</summary>
    public string? Operator { get; init; }

    public string? Value { get; init; }

    /// <summary>Empty matches every effect.</summary>
    public string? Effect { get; init; }

    public long? TolerationSeconds { get; init; }

    public bool Tolerates(Taint taint) =>
        (string.IsNullOrEmpty(Effect) || Effect == taint.Effect)
        && (string.IsNullOrEmpty(Key) ? Operator == "Exists" : Key == taint.Key)
        && (Operator == "Exists" || (string.IsNullOrEmpty(Operator) || Operator == "Equal") && (Value ?? "") == (taint.Value ?? ""));
}

public sealed record TopologySpreadConstraint
{
    public int MaxSkew { get; init; }

    public string TopologyKey { get; init; } = "";

    /// <summary><c>DoNotSchedule</c> or <c>ScheduleAnyway</c>.</summary>
    public string WhenUnsatisfiable { get; init; } = "";

    public LabelSelector? LabelSelector { get; init; }
}
