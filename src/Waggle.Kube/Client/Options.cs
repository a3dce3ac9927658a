using System.Text.Json.Nodes;

namespace Waggle.Kube.Client;

/// <summary>Narrows a list. All members are optional.</summary>
public sealed record ListOptions
{
    /// <summary>E.g. <c>k8s-app=cilium,tier in (a,b)</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>E.g. <c>spec.nodeName=kind-worker</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Objects per page when the client lists in pages; the client always returns the whole list.</summary>
    public int? PageSize { get; init; } = 500;

    public string? ResourceVersion { get; init; }
}

/// <summary>Narrows and positions a watch.</summary>
public sealed record WatchOptions
{
    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Deliver changes after this version; null starts with the present objects as <see cref="WatchEventType.Added"/>.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Ask the server to end the watch after this time.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>How to write.</summary>
public sealed record WriteOptions
{
    /// <summary>Name under which the server records who owns which field.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Only check whether the write would succeed.</summary>
    public bool DryRun { get; init; }

    /// <summary>Server-side apply: take over fields that another manager owns.</summary>
    public bool Force { get; init; }
}

/// <summary>What happens to the objects that the deleted one owns.</summary>
public enum Propagation
{
    /// <summary>The kind's default (background for most).</summary>
    Default,
    Background,
    Foreground,
    Orphan,
}

/// <summary>How to delete.</summary>
public sealed record DeleteOptions
{
    public long? GracePeriodSeconds { get; init; }

    public Propagation Propagation { get; init; }

    /// <summary>Delete only the object with this uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only this version of the object.</summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>A patch and its kind.</summary>
public sealed record KubePatch(string ContentType, JsonNode Body)
{
    /// <summary>RFC 6902 list of operations.</summary>
    public static KubePatch Json(JsonArray operations) => new("application/json-patch+json", operations);

    /// <summary>RFC 7386 merge patch: null removes a field, lists are replaced.</summary>
    public static KubePatch Merge(JsonObject patch) => new("application/merge-patch+json", patch);

    /// <summary>Kubernetes strategic merge patch: lists merge by their key. Not for custom resources.</summary>
    public static KubePatch Strategic(JsonObject patch) => new("application/strategic-merge-patch+json", patch);

    /// <summary>Server-side apply; give a <see cref="WriteOptions.FieldManager"/>.</summary>
    public static KubePatch Apply(JsonObject configuration) => new("application/apply-patch+yaml", configuration);
}

/// <summary>A complete list with the version at which it was true.</summary>
public sealed record KubeList<T>(IReadOnlyList<T> Items, string ResourceVersion);

public enum WatchEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Only the resource version moved; the object is otherwise empty.</summary>
    Bookmark,
}

/// <param name="Type">What happened.</param>
/// <param name="Object">The object as it is now, or as it was last when deleted.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T Object);
