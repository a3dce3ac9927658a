using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Client;

/// <summary>Where a kind of object lives in the API.</summary>
public abstract record ResourceType(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    /// <summary><c>v1</c> for the core group, else <c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The path of the collection, of one object or of its subresource, without a leading slash.</summary>
    /// <param name="namespace">The namespace; null means all namespaces (or a cluster-scoped type).</param>
    /// <param name="name">The object's name; null for the collection.</param>
    /// <param name="subresource">E.g. <c>status</c>; null for none.</param>
    public string Path(string? @namespace, string? name = null, string? subresource = null)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        var path = Namespaced && !string.IsNullOrEmpty(@namespace) ? $"{root}/namespaces/{Uri.EscapeDataString(@namespace)}/{Plural}" : $"{root}/{Plural}";
        if (name is null)
        {
            return path;
        }

        if (name.Length == 0 || (Namespaced && string.IsNullOrEmpty(@namespace)))
        {
            throw new ArgumentException($"A {Kind} is addressed by {(Namespaced ? "namespace and name" : "name")}; got namespace '{@namespace}' and name '{name}'.");
        }

        path = $"{path}/{Uri.EscapeDataString(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <summary>A type whose objects are handled as JSON trees.</summary>
    public static ResourceType<JsonObject> Untyped(string group, string version, string plural, string kind, bool namespaced) =>
        new(group, version, plural, kind, namespaced, KubeJson.TypeInfo<JsonObject>(), static (o, _) => JsonMeta(o), static (o, type) =>
        {
            if (o.ContainsKey("apiVersion") && o.ContainsKey("kind"))
            {
                return o;
            }

            var copy = o.DeepClone().AsObject();
            copy["apiVersion"] ??= type.ApiVersion;
            copy["kind"] ??= type.Kind;
            return copy;
        });

    /// <summary>A type whose objects are records of this library.</summary>
    /// <remarks>For records of another library, pass metadata made from <see cref="KubeJson.CreateOptions"/>.</remarks>
    public static ResourceType<T> For<T>(string group, string version, string plural, bool namespaced, JsonTypeInfo<T>? typeInfo = null)
        where T : KubeObject =>
        new(group, version, plural, typeof(T).Name, namespaced, typeInfo ?? KubeJson.TypeInfo<T>(), static (o, _) => o.Metadata, static (o, type) =>
            o.ApiVersion is null || o.Kind is null ? o with { ApiVersion = type.ApiVersion, Kind = type.Kind } : o);

    private static ObjectMeta JsonMeta(JsonObject o) => o["metadata"] is { } meta ? KubeJson.FromJson<ObjectMeta>(meta) : ObjectMeta.Empty;
}

/// <summary>A <see cref="ResourceType"/> with the way to read and write its objects.</summary>
public sealed record ResourceType<T> : ResourceType
    where T : class
{
    private readonly Func<T, ResourceType, ObjectMeta> _meta;
    private readonly Func<T, ResourceType, T> _stamp;

    internal ResourceType(
        string group, string version, string plural, string kind, bool namespaced, JsonTypeInfo<T> typeInfo, Func<T, ResourceType, ObjectMeta> meta, Func<T, ResourceType, T> stamp)
        : base(group, version, plural, kind, namespaced)
    {
        TypeInfo = typeInfo;
        _meta = meta;
        _stamp = stamp;
    }

    public JsonTypeInfo<T> TypeInfo { get; }

    /// <summary>The object's metadata.</summary>
    public ObjectMeta Metadata(T value) => _meta(value, this);

    /// <summary>The object's namespace and name.</summary>
    public ObjectKey Key(T value)
    {
        var meta = _meta(value, this);
        return new(meta.Namespace ?? "", meta.Name ?? "");
    }

    /// <summary>A reference to the object, as Events hold it.</summary>
    public ObjectReference Reference(T value)
    {
        var meta = _meta(value, this);
        return new() { ApiVersion = ApiVersion, Kind = Kind, Namespace = meta.Namespace, Name = meta.Name, Uid = meta.Uid, ResourceVersion = meta.ResourceVersion };
    }

    /// <summary>A reference that makes another object owned by this one.</summary>
    /// <param name="value">The owner.</param>
    /// <param name="controller">The owner manages the object, and its foreground deletion waits for it.</param>
    public OwnerReference Owner(T value, bool controller = true)
    {
        var meta = _meta(value, this);
        return new()
        {
            ApiVersion = ApiVersion,
            Kind = Kind,
            Name = meta.Name ?? "",
            Uid = meta.Uid ?? "",
            Controller = controller ? true : null,
            BlockOwnerDeletion = controller ? true : null,
        };
    }

    /// <summary>The object with <c>apiVersion</c> and <c>kind</c> filled in.</summary>
    internal T Stamp(T value) => _stamp(value, this);
}
