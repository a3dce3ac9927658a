namespace Waggle.Kube.Client;

/// <summary>Body of a DELETE request (meta/v1 DeleteOptions).</summary>
internal sealed record DeleteBody
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "DeleteOptions";

    public long? GracePeriodSeconds { get; init; }

    public string? PropagationPolicy { get; init; }

    public DeletePreconditions? Preconditions { get; init; }

    internal static DeleteBody From(DeleteOptions options) => new()
    {
        GracePeriodSeconds = options.GracePeriodSeconds,
        PropagationPolicy = options.Propagation == Propagation.Default ? null : options.Propagation.ToString(),
        Preconditions = options.Uid is null && options.ResourceVersion is null ? null : new() { Uid = options.Uid, ResourceVersion = options.ResourceVersion },
    };
}

internal sealed record DeletePreconditions
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}

/// <summary>Discovery: the resources of one group and version.</summary>
internal sealed record ApiResourceList
{
    public string GroupVersion { get; init; } = "";

    public IReadOnlyList<ApiResource> Resources { get => field ?? []; init; }
}

internal sealed record ApiResource
{
    public string Name { get; init; } = "";

    public string? SingularName { get; init; }

    public bool Namespaced { get; init; }

    public string Kind { get; init; } = "";

    public IReadOnlyList<string> Verbs { get => field ?? []; init; }

    public IReadOnlyList<string> ShortNames { get => field ?? []; init; }
}

internal sealed record ApiGroupList
{
    public IReadOnlyList<ApiGroup> Groups { get => field ?? []; init; }
}

internal sealed record ApiGroup
{
    public string Name { get; init; } = "";

    public IReadOnlyList<ApiGroupVersion> Versions { get => field ?? []; init; }

    public ApiGroupVersion? PreferredVersion { get; init; }
}

internal sealed record ApiGroupVersion
{
    public string GroupVersion { get; init; } = "";

    public string Version { get; init; } = "";
}

internal sealed record ApiVersions
{
    public IReadOnlyList<string> Versions { get => field ?? []; init; }
}
