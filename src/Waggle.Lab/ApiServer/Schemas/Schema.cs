using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Waggle.Cel;

namespace Waggle.Lab.ApiServer;

internal enum SchemaType : byte
{
    /// <summary>Anything; used for values kept as they are.</summary>
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
}

/// <summary>
/// A structural schema: one tree for validation, defaulting, pruning, strategic merge, server-side apply and OpenAPI.
/// Built-in kinds get it from <c>Schemas/*.yaml</c>, custom resources from their CRD. Not changed once built.
/// </summary>
internal sealed class Schema
{
    /// <summary>Name of the shared type in OpenAPI, e.g. <c>io.k8s.api.core.v1.Container</c>; null for inline schemas.</summary>
    public string? TypeName { get; set; }

    /// <summary>A use of a shared type: structure comes from there, default and merge rules from here.</summary>
    public Schema? Ref { get; set; }

    public Schema Target => Ref ?? this;

    public SchemaType Type { get; set; }

    public string? Description { get; set; }

    public Dictionary<string, Schema> Properties { get; set; } = [];

    public HashSet<string> Required { get; set; } = [];

    public Schema? Items { get; set; }

    /// <summary>Schema of the values of a map; null when the object is no map.</summary>
    public Schema? Additional { get; set; }

    public JsonNode? Default { get; set; }

    public bool Nullable { get; set; }

    /// <summary>Unknown fields below are kept.</summary>
    public bool PreserveUnknown { get; set; }

    /// <summary>The object is a Kubernetes object with apiVersion, kind and metadata.</summary>
    public bool EmbeddedResource { get; set; }

    /// <summary>An object of a built-in kind: null means absent, as in typed Go structs.</summary>
    public bool DropNulls { get; set; }

    public string? Format { get; set; }

    public List<JsonNode?>? Enum { get; set; }

    public Regex? Pattern { get; set; }

    public string? PatternText { get; set; }

    public double? Minimum { get; set; }

    public double? Maximum { get; set; }

    public bool ExclusiveMinimum { get; set; }

    public bool ExclusiveMaximum { get; set; }

    public double? MultipleOf { get; set; }

    public long? MinLength { get; set; }

    public long? MaxLength { get; set; }

    public int? MinItems { get; set; }

    public int? MaxItems { get; set; }

    public bool UniqueItems { get; set; }

    public int? MinProperties { get; set; }

    public int? MaxProperties { get; set; }

    public List<Schema>? AllOf { get; set; }

    public List<Schema>? AnyOf { get; set; }

    public List<Schema>? OneOf { get; set; }

    public Schema? Not { get; set; }

    /// <summary>x-kubernetes-list-type: atomic, set or map.</summary>
    public string? ListType { get; set; }

    /// <summary>A map list in which a key may stand twice, as Kubernetes allows for env and ports.</summary>
    public bool AllowsDuplicates { get; set; }

    public IReadOnlyList<string> ListMapKeys { get; set; } = [];

    /// <summary>x-kubernetes-map-type: atomic or granular.</summary>
    public bool AtomicMap { get; set; }

    public string? PatchMergeKey { get; set; }

    /// <summary>Strategic merge: the list is merged, by <see cref="PatchMergeKey"/> or as a set of scalars.</summary>
    public bool PatchMerge { get; set; }

    /// <summary>Strategic merge: fields that the patch does not name in $retainKeys are dropped.</summary>
    public bool PatchRetainKeys { get; set; }

    public List<CelRule>? Rules { get; set; }

    /// <summary>The part of the source that OpenAPI shows as is (CRDs); null for built-in kinds.</summary>
    public JsonObject? Source { get; set; }

    /// <summary>The schema of a property; null when it is unknown.</summary>
    public Schema? Property(string name)
    {
        var target = Target;
        return target.Properties.TryGetValue(name, out var property) ? property : target.Additional;
    }

    /// <summary>True when unknown members below this are legal.</summary>
    public bool Open => Target is var t && (t.PreserveUnknown || t.Type == SchemaType.Any);
}

/// <summary>One entry of x-kubernetes-validations.</summary>
internal sealed record CelRule(string Rule, string? Message, CelProgram<RuleInput>? MessageExpression, string? Reason, string? FieldPath, CelProgram<RuleInput>? Compiled);
