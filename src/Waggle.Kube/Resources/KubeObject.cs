using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>What every Kubernetes object has. Records hold only the fields Waggle reads.</summary>
/// <remarks>
/// Collections are never null: an absent or null JSON collection reads as empty and an empty one is not written.
/// Writing back with PUT would therefore lose fields we do not model: change objects with a patch or server-side apply.
/// Record equality compares collections by reference; compare <see cref="ObjectMeta.ResourceVersion"/> instead.
/// </remarks>
public abstract record KubeObject
{
    /// <summary>Group and version, e.g. <c>apps/v1</c>. Items of a list may lack it; the client fills it from the resource type.</summary>
    [JsonPropertyOrder(-3)]
    public string? ApiVersion { get; init; }

    [JsonPropertyOrder(-2)]
    public string? Kind { get; init; }

    [JsonPropertyOrder(-1)]
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; }

    /// <summary>Namespace and name.</summary>
    [JsonIgnore]
    public ObjectKey Key => new(Metadata.Namespace ?? "", Metadata.Name ?? "");
}

/// <summary>Namespace (empty for cluster-scoped objects) and name. Ordered by namespace, then name, both ordinal.</summary>
public readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other)
    {
        var byNamespace = string.CompareOrdinal(Namespace, other.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Name, other.Name);
    }

    /// <summary><c>namespace/name</c>, or just the name for a cluster-scoped object.</summary>
    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";

    /// <summary>Reads <c>namespace/name</c> or <c>name</c>.</summary>
    public static ObjectKey Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new("", text) : new(text[..slash], text[(slash + 1)..]);
    }
}
