namespace Waggle.Lab.ApiServer;

internal enum FieldValidation
{
    Warn,
    Strict,
    Ignore,
}

/// <summary>Who writes what, and how faults are treated.</summary>
internal sealed record WriteContext(ResourceDefinition Resource, UserInfo User, string Manager)
{
    /// <summary><c>status</c>, <c>scale</c> …; null for the object itself.</summary>
    public string? Subresource { get; init; }

    public bool DryRun { get; init; }

    public FieldValidation Fields { get; init; } = FieldValidation.Ignore;

    public Action<string>? Warn { get; init; }

    /// <summary>The server itself writes: no checks of namespace or immutability.</summary>
    public bool Trusted { get; init; }

    /// <summary>A resourceVersion in the new object came from the client, so that a newer stored object is a conflict.</summary>
    public bool Conditional { get; init; }

    /// <summary>Server-side apply has written managedFields itself.</summary>
    public bool Applied { get; init; }

    public static WriteContext Of(ApiRequest request) => new(request.Resource, request.User, request.FieldManager)
    {
        Subresource = request.Subresource,
        DryRun = request.DryRun,
        Fields = request.Query("fieldValidation") switch
        {
            null or "" or "Warn" => FieldValidation.Warn,
            "Strict" => FieldValidation.Strict,
            "Ignore" => FieldValidation.Ignore,
            var other => throw ApiException.BadRequest($"Invalid value: \"{other}\": fieldValidation must be one of Ignore, Warn, Strict"),
        },
        Warn = request.Warn,
    };

    /// <summary>The server's own hand.</summary>
    public static WriteContext System(ResourceDefinition resource) => new(resource, new UserInfo("system:apiserver", ["system:masters"]), "kube-apiserver") { Trusted = true };

    /// <summary>Reports duplicate and unknown fields as asked: an error, warnings, or nothing.</summary>
    public void ReportFields(IReadOnlyList<string> duplicates, IReadOnlyList<string> unknown)
    {
        if (Fields == FieldValidation.Ignore || (duplicates.Count == 0 && unknown.Count == 0))
        {
            return;
        }
        var faults = duplicates.Select(d => $"duplicate field \"{d}\"").Concat(unknown.Select(u => $"unknown field \"{u}\"")).Take(50).ToList();
        if (Fields == FieldValidation.Strict)
        {
            throw ApiException.BadRequest($"{Resource.Kind} in version \"{Resource.Version}\" cannot be handled as a {Resource.Kind}: strict decoding error: {string.Join(", ", faults)}");
        }
        foreach (var fault in faults)
        {
            Warn?.Invoke(fault);
        }
    }
}
