namespace Waggle.Kube.Resources;

/// <summary>core/v1 Namespace.</summary>
public sealed record Namespace : KubeObject
{
    public NamespaceSpec? Spec { get; init; }

    public NamespaceStatus? Status { get; init; }
}

public sealed record NamespaceSpec
{
    /// <summary>The <c>kubernetes</c> finalizer holds the namespace until its contents are gone.</summary>
    public IReadOnlyList<string> Finalizers { get => field ?? []; init; }
}

public sealed record NamespaceStatus
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    public string? Phase { get; init; }

    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }
}
