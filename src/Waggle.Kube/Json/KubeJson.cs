using System.Collections;
using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Json;

/// <summary>How objects of the Kubernetes API are read and written.</summary>
public static class KubeJson
{
    /// <summary>Options with the generated metadata of every record of this library. Empty collections are not written.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Parts that were absent read as these, and must be absent again when written.</summary>
    private static readonly FrozenSet<object> EmptyParts = new object[]
    {
        ObjectMeta.Empty, NodeSpec.Empty, NodeStatus.Empty, PodSpec.Empty, PodStatus.Empty, DeploymentSpec.Empty, DeploymentStatus.Empty, ReplicaSetSpec.Empty,
        ReplicaSetStatus.Empty, DaemonSetSpec.Empty, DaemonSetStatus.Empty, LeaseSpec.Empty, CiliumNodeSpec.Empty, CiliumEndpointStatus.Empty,
    }.ToFrozenSet<object>(ReferenceEqualityComparer.Instance);

    /// <summary>Metadata of a registered type.</summary>
    /// <exception cref="NotSupportedException">The type is not registered in the library's JSON context.</exception>
    public static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    /// <summary>Makes options as <see cref="Options"/> for a caller's own records, e.g. of another custom resource.</summary>
    public static JsonSerializerOptions CreateOptions(IJsonTypeInfoResolver resolver)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = JsonTypeInfoResolver.Combine(resolver, KubeJsonContext.Default).WithAddedModifier(SkipEmpty),
            MaxDepth = 64,
        };
        options.Converters.Add(new KubeTimeConverter());
        options.MakeReadOnly();
        return options;
    }

    /// <summary>The object as a JSON tree.</summary>
    public static JsonObject ToJson<T>(T value) => JsonSerializer.SerializeToNode(value, TypeInfo<T>())!.AsObject();

    /// <summary>Reads a JSON tree as a record.</summary>
    /// <exception cref="JsonException">The tree has another shape.</exception>
    public static T FromJson<T>(JsonNode node) =>
        node.Deserialize(TypeInfo<T>()) ?? throw new JsonException($"Expected a {typeof(T).Name}, found null.");

    private static JsonSerializerOptions Create() => CreateOptions(KubeJsonContext.Default);

    private static void SkipEmpty(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.Name is "metadata" or "spec" or "status")
            {
                property.ShouldSerialize = static (_, value) => value is not null && !EmptyParts.Contains(value);
            }
            else if (property.PropertyType != typeof(string) && typeof(IEnumerable).IsAssignableFrom(property.PropertyType) && !typeof(JsonNode).IsAssignableFrom(property.PropertyType))
            {
                property.ShouldSerialize = static (_, value) => value switch
                {
                    null => false,
                    ICollection collection => collection.Count > 0,
                    IEnumerable items => Any(items),
                    _ => true,
                };
            }
        }
    }

    private static bool Any(IEnumerable items)
    {
        foreach (var _ in items)
        {
            return true;
        }

        return false;
    }
}
