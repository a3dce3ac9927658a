using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Waggle.Lab.ApiServer;

/// <summary>Reads a structural schema from a CRD's openAPIV3Schema.</summary>
internal static class CrdSchema
{
    private static readonly TimeSpan s_patternTime = TimeSpan.FromMilliseconds(100);

    /// <summary>Faults of the schema go to <paramref name="errors"/>; the result is then not to be used.</summary>
    public static Schema Read(JsonObject source, Schema objectMeta, FieldErrors errors, string path)
    {
        var root = Node(source, errors, path, structural: true);
        root.Source = source;
        if (root.Type != SchemaType.Object)
        {
            errors.Required($"{path}.type", "must be object at the root");
        }
        root.Properties["apiVersion"] = new Schema { Type = SchemaType.String };
        root.Properties["kind"] = new Schema { Type = SchemaType.String };
        root.Properties["metadata"] = new Schema { Type = SchemaType.Object, Ref = objectMeta };
        root.Required.Remove("metadata");
        root.Required.Remove("apiVersion");
        root.Required.Remove("kind");
        return root;
    }

    private static Schema Node(JsonObject source, FieldErrors errors, string path, bool structural)
    {
        var schema = new Schema
        {
            Type = TypeOf(source, errors, path, structural),
            Description = J.Str(source, "description"),
            Nullable = J.Bool(source["nullable"]) ?? false,
            PreserveUnknown = J.Bool(source["x-kubernetes-preserve-unknown-fields"]) ?? false,
            EmbeddedResource = J.Bool(source["x-kubernetes-embedded-resource"]) ?? false,
            Default = J.Clone(source["default"]),
            Format = J.Str(source, "format"),
            Minimum = J.Number(source["minimum"]),
            Maximum = J.Number(source["maximum"]),
            ExclusiveMinimum = J.Bool(source["exclusiveMinimum"]) ?? false,
            ExclusiveMaximum = J.Bool(source["exclusiveMaximum"]) ?? false,
            MultipleOf = J.Number(source["multipleOf"]),
            MinLength = J.Int(source["minLength"]),
            MaxLength = J.Int(source["maxLength"]),
            MinItems = (int?)J.Int(source["minItems"]),
            MaxItems = (int?)J.Int(source["maxItems"]),
            UniqueItems = J.Bool(source["uniqueItems"]) ?? false,
            MinProperties = (int?)J.Int(source["minProperties"]),
            MaxProperties = (int?)J.Int(source["maxProperties"]),
            ListType = J.Str(source, "x-kubernetes-list-type"),
            AtomicMap = J.Str(source, "x-kubernetes-map-type") == "atomic",
        };
        if (J.Arr(source, "enum") is { } values)
        {
            schema.Enum = [.. values.Select(J.Clone)];
        }
        if (J.Str(source, "pattern") is { } pattern)
        {
            schema.PatternText = pattern;
            schema.Pattern = Compile(pattern, errors, path);
        }
        if (J.Arr(source, "x-kubernetes-list-map-keys") is { } keys)
        {
            schema.ListMapKeys = [.. keys.Select(k => J.Text(k) ?? "")];
        }
        else if (schema.ListType == "map")
        {
            errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }
        foreach (var required in J.Arr(source, "required") ?? [])
        {
            schema.Required.Add(J.Text(required) ?? "");
        }
        foreach (var (name, child) in J.Obj(source, "properties") ?? [])
        {
            schema.Properties[name] = Child(child, errors, $"{path}.properties[{name}]", structural);
        }
        switch (source["additionalProperties"])
        {
            case JsonObject additional:
                schema.Additional = Node(additional, errors, $"{path}.additionalProperties", structural);
                break;
            case JsonValue value when J.Bool(value) == true:
                schema.PreserveUnknown = true;
                break;
        }
        if (source["items"] is { } items)
        {
            schema.Items = Child(items, errors, $"{path}.items", structural);
        }
        else if (schema.Type == SchemaType.Array && structural)
        {
            errors.Required($"{path}.items", "must be specified");
        }
        schema.AllOf = Several(source, "allOf", errors, path);
        schema.AnyOf = Several(source, "anyOf", errors, path);
        schema.OneOf = Several(source, "oneOf", errors, path);
        schema.Not = J.Obj(source, "not") is { } not ? Node(not, errors, $"{path}.not", structural: false) : null;
        schema.Rules = CelValidation.Read(J.Arr(source, "x-kubernetes-validations"), errors, $"{path}.x-kubernetes-validations");
        if (schema.Default is { } value2)
        {
            var probe = new FieldErrors();
            SchemaValidator.Validate(schema, value2, null, probe, $"{path}.default");
            if (probe.Any)
            {
                errors.Invalid($"{path}.default", value2, "does not fit the schema it is the default of");
            }
        }
        return schema;
    }

    private static Schema Child(JsonNode? node, FieldErrors errors, string path, bool structural)
    {
        if (node is JsonObject child)
        {
            return Node(child, errors, path, structural);
        }
        errors.Invalid(path, node, "must be a schema");
        return new Schema { PreserveUnknown = true };
    }

    private static List<Schema>? Several(JsonObject source, string name, FieldErrors errors, string path)
    {
        // Parts of a combination only add conditions: they need no types of their own.
        if (J.Arr(source, name) is not { Count: > 0 } list)
        {
            return null;
        }
        return [.. list.Select((item, i) => Child(item, errors, $"{path}.{name}[{i}]", structural: false))];
    }

    private static SchemaType TypeOf(JsonObject source, FieldErrors errors, string path, bool structural)
    {
        if (J.Bool(source["x-kubernetes-int-or-string"]) == true)
        {
            return SchemaType.IntOrString;
        }
        switch (J.Str(source, "type"))
        {
            case "object":
                return SchemaType.Object;
            case "array":
                return SchemaType.Array;
            case "string":
                return SchemaType.String;
            case "integer":
                return SchemaType.Integer;
            case "number":
                return SchemaType.Number;
            case "boolean":
                return SchemaType.Boolean;
            case null or "":
                if (structural && J.Bool(source["x-kubernetes-preserve-unknown-fields"]) != true)
                {
                    errors.Required($"{path}.type", "must not be empty for specified object fields");
                }
                return SchemaType.Any;
            default:
                errors.NotSupported($"{path}.type", source["type"], ["array", "boolean", "integer", "number", "object", "string"]);
                return SchemaType.Any;
        }
    }

    private static Regex? Compile(string pattern, FieldErrors errors, string path)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, s_patternTime);
        }
        catch (ArgumentException e)
        {
            errors.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression: {e.Message}");
            return null;
        }
    }
}
