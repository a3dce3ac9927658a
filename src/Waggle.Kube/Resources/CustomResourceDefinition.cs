using System.Text.Json;

namespace Waggle.Kube.Resources;

/// <summary>apiextensions.k8s.io/v1 CustomResourceDefinition.</summary>
public sealed record CustomResourceDefinition : KubeObject
{
    public CustomResourceDefinitionSpec Spec { get; init; } = new();

    public CustomResourceDefinitionStatus? Status { get; init; }
}

public sealed record CustomResourceDefinitionSpec
{
    public string Group { get; init; } = "";

    /// <summary><c>Namespaced</c> or <c>Cluster</c>.</summary>
    public string Scope { get; init; } = "";

    public CustomResourceNames Names { get; init; } = new();

    public IReadOnlyList<CustomResourceVersion> Versions { get => field ?? []; init; }
}

public sealed record CustomResourceNames
{
    public string Plural { get; init; } = "";

    public string? Singular { get; init; }

    public string Kind { get; init; } = "";

    public string? ListKind { get; init; }

    public IReadOnlyList<string> ShortNames { get => field ?? []; init; }

    public IReadOnlyList<string> Categories { get => field ?? []; init; }
}

public sealed record CustomResourceVersion
{
    public string Name { get; init; } = "";

    public bool Served { get; init; }

    public bool Storage { get; init; }

    /// <summary>Holds <c>openAPIV3Schema</c>.</summary>
    public JsonElement? Schema { get; init; }

    public JsonElement? Subresources { get; init; }

    public JsonElement? AdditionalPrinterColumns { get; init; }
}

public sealed record CustomResourceDefinitionStatus
{
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }

    public IReadOnlyList<string> StoredVersions { get => field ?? []; init; }
}
