namespace Waggle.Lab.ApiServer;

/// <summary>One resource in one version, built-in or of a CRD. Immutable.</summary>
internal sealed record ResourceDefinition
{
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Plural { get; init; }

    public required string Singular { get; init; }

    public required string Kind { get; init; }

    public string ListKind => Kind + "List";

    public bool Namespaced { get; init; } = true;

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c>, <c>deployments.apps</c>: how messages and the store call it.</summary>
    public string QualifiedName => field ??= Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
