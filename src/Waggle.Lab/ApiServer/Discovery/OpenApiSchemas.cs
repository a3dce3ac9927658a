using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Writes schemas as OpenAPI, collecting the shared types they refer to.</summary>
internal sealed class OpenApiSchemas(bool v3)
{
    private readonly string _prefix = v3 ? "#/components/schemas/" : "#/definitions/";
    private readonly SortedDictionary<string, JsonObject> _done = new(StringComparer.Ordinal);
    private readonly Queue<Schema> _open = new();

    /// <summary>The name of a kind's schema: that of the shared type, or one made from the CRD's group with its parts reversed.</summary>
    public static string NameOf(ResourceDefinition resource) =>
        resource.Schema.TypeName ?? $"{string.Join('.', resource.Group.Split('.').Reverse())}.{resource.Version}.{resource.Kind}";

    public void Add(ResourceDefinition resource)
    {
        var name = NameOf(resource);
        var schema = resource.Schema.Source is { } source ? Custom(resource, source) : Body(resource.Schema);
        schema["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(resource));
        _done[name] = schema;
        var list = new JsonObject
        {
            ["type"] = "object",
            ["description"] = $"A list of {resource.Kind} objects.",
            ["required"] = J.Strings(["items"]),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["type"] = "string" },
                ["kind"] = new JsonObject { ["type"] = "string" },
                ["metadata"] = Reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", null),
                ["items"] = new JsonObject { ["type"] = "array", ["items"] = Reference(name, null) },
            },
            ["x-kubernetes-group-version-kind"] = new JsonArray(new JsonObject { ["group"] = resource.Group, ["kind"] = resource.ListKind, ["version"] = resource.Version }),
        };
        _done[name + "List"] = list;
    }

    /// <summary>Adds a shared type by itself, e.g. DeleteOptions.</summary>
    public void Add(Schema shared) => _open.Enqueue(shared);

    public JsonObject Finish()
    {
        while (_open.TryDequeue(out var next))
        {
            if (!_done.ContainsKey(next.TypeName!))
            {
                _done[next.TypeName!] = [];
                _done[next.TypeName!] = Body(next);
            }
        }
        var result = new JsonObject();
        foreach (var (name, schema) in _done)
        {
            result[name] = schema;
        }
        return result;
    }

    public static JsonObject GroupVersionKind(ResourceDefinition resource) => new() { ["group"] = resource.Group, ["kind"] = resource.Kind, ["version"] = resource.Version };

    public JsonObject Reference(string name, string? description)
    {
        if (v3 && description is not null)
        {
            return new JsonObject { ["description"] = description, ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = _prefix + name }) };
        }
        var reference = new JsonObject { ["$ref"] = _prefix + name };
        if (description is not null)
        {
            reference["description"] = description;
        }
        return reference;
    }

    private JsonObject Use(Schema schema)
    {
        if (schema.Ref is not { } target)
        {
            return Body(schema);
        }
        _open.Enqueue(target);
        var reference = Reference(target.TypeName!, schema.Description);
        if (v3 && schema.Default is { } value && schema.Description is not null)
        {
            reference["default"] = value.DeepClone();
        }
        Extensions(schema, reference);
        return reference;
    }

    private JsonObject Body(Schema schema)
    {
        var result = new JsonObject();
        if (schema.Description is not null)
        {
            result["description"] = schema.Description;
        }
        switch (schema.Type)
        {
            case SchemaType.Array:
                result["type"] = "array";
                result["items"] = schema.Items is { } items ? Use(items) : new JsonObject();
                break;
            case SchemaType.String:
                result["type"] = "string";
                break;
            case SchemaType.Integer:
                result["type"] = "integer";
                break;
            case SchemaType.Number:
                result["type"] = "number";
                break;
            case SchemaType.Boolean:
                result["type"] = "boolean";
                break;
            case SchemaType.IntOrString:
                result["type"] = "string";
                break;
            case SchemaType.Object:
                result["type"] = "object";
                break;
        }
        if (schema.Format is { } format and not "quantity")
        {
            result["format"] = format;
        }
        if (schema.Default is { } value)
        {
            result["default"] = value.DeepClone();
        }
        if (schema.Enum is { } values)
        {
            result["enum"] = new JsonArray([.. values.Select(J.Clone)]);
        }
        if (schema.Additional is { } additional)
        {
            result["additionalProperties"] = Use(additional);
        }
        if (schema.Properties.Count > 0)
        {
            var properties = new JsonObject();
            foreach (var (name, property) in schema.Properties.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                properties[name] = Use(property);
            }
            result["properties"] = properties;
        }
        if (schema.Required.Count > 0)
        {
            result["required"] = J.Strings(schema.Required.Order(StringComparer.Ordinal));
        }
        Extensions(schema, result);
        return result;
    }

    private static void Extensions(Schema schema, JsonObject result)
    {
        if (schema.ListType is { } list)
        {
            result["x-kubernetes-list-type"] = list;
        }
        if (schema.ListMapKeys.Count > 0)
        {
            result["x-kubernetes-list-map-keys"] = J.Strings(schema.ListMapKeys);
        }
        if (schema.AtomicMap)
        {
            result["x-kubernetes-map-type"] = "atomic";
        }
        if (schema.PatchMergeKey is { } key)
        {
            result["x-kubernetes-patch-merge-key"] = key;
        }
        if (schema.PatchMerge || schema.PatchRetainKeys)
        {
            result["x-kubernetes-patch-strategy"] = schema.PatchMerge && schema.PatchRetainKeys ? "merge,retainKeys" : schema.PatchMerge ? "merge" : "retainKeys";
        }
    }

    private JsonObject Custom(ResourceDefinition resource, JsonObject source)
    {
        var schema = (JsonObject)source.DeepClone();
        if (!v3)
        {
            Downgrade(schema);
        }
        schema["type"] ??= "object";
        var properties = J.Ensure(schema, "properties");
        var library = resource.Schema.Properties["metadata"].Target;
        properties["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = "Group and version of this kind." };
        properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = "Name of the kind." };
        properties["metadata"] = Reference(library.TypeName!, "Name, namespace, labels and bookkeeping.");
        _open.Enqueue(library);
        return schema;
    }

    /// <summary>OpenAPI v2 has no nullable and no anyOf; what it cannot say is left open, as Kubernetes does.</summary>
    private static void Downgrade(JsonObject schema)
    {
        foreach (var name in (ReadOnlySpan<string>)["anyOf", "oneOf", "allOf", "not", "nullable", "x-kubernetes-validations", "default"])
        {
            schema.Remove(name);
        }
        if (J.Bool(schema["x-kubernetes-preserve-unknown-fields"]) == true || J.Bool(schema["x-kubernetes-int-or-string"]) == true)
        {
            schema.Remove("type");
            schema.Remove("properties");
            schema.Remove("items");
        }
        foreach (var (_, child) in J.Obj(schema, "properties") ?? [])
        {
            if (child is JsonObject property)
            {
                Downgrade(property);
            }
        }
        foreach (var name in (ReadOnlySpan<string>)["items", "additionalProperties"])
        {
            if (schema[name] is JsonObject child)
            {
                Downgrade(child);
            }
        }
    }
}
