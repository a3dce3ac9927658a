namespace Waggle.Lab.ApiServer;

/// <summary>Where a scale subresource reads and writes; paths are dotted, without a leading dot.</summary>
internal sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? Selector);

/// <summary>A column of <c>kubectl get</c> taken from a path in the object; priority 0 is always shown, others with -o wide.</summary>
internal sealed record PrinterColumn(string Name, string Type, string Format, string Path, int Priority, string Description);

/// <summary>One resource in one version, built-in or of a CRD. Immutable.</summary>
internal sealed class ResourceDefinition
{
    private string? _qualifiedName;

    /// <summary>The columns made from <see cref="Columns"/>, once they have been needed.</summary>
    public IReadOnlyList<TableColumn>? PathColumns { get; set; }

    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Plural { get; init; }

    public required string Singular { get; init; }

    public required string Kind { get; init; }

    public string ListKind { get => field ?? Kind + "List"; init; }

    public bool Namespaced { get; init; } = true;

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<string> Subresources { get; init; } = [];

    public bool HasStatus => Subresources.Contains("status");

    public ScalePaths? Scale { get; init; }

    /// <summary>Field selectors beyond metadata.name and metadata.namespace.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    public IReadOnlyList<PrinterColumn> Columns { get; init; } = [];

    public required Schema Schema { get; init; }

    public bool BuiltIn { get; init; }

    /// <summary>The apiVersion objects are stored with; null: that of this version.</summary>
    public string? StorageApiVersion { get; init; }

    /// <summary>A message for users of this version, sent as a Warning header.</summary>
    public string? Deprecation { get; init; }

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c>, <c>deployments.apps</c>: what messages call it.</summary>
    public string QualifiedName => _qualifiedName ??= Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The name objects are stored under: both kinds of Event share one.</summary>
    public string StoreName => Plural == "events" && Group == "events.k8s.io" ? "events" : QualifiedName;
}
