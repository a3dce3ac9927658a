using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Checks a value against a schema; every fault is reported with the path of its field.</summary>
internal static class SchemaValidator
{
    public static void Validate(Schema schema, JsonNode? node, JsonNode? previous, FieldErrors errors, string path = "")
    {
        var target = schema.Target;
        if (node is null)
        {
            if (!schema.Nullable && !target.Nullable && target.Type != SchemaType.Any && path.Length > 0)
            {
                errors.WrongType(path, null, $"{path} in body must be of type {TypeName(target)}: \"null\"");
            }
            return;
        }
        if (!HasType(target, node))
        {
            errors.WrongType(path, TypeShown(node), $"{path} in body must be of type {TypeName(target)}: \"{TypeShown(node)}\"");
            return;
        }
        Values(target, node, errors, path);
        if (!ReferenceEquals(schema, target))
        {
            Values(schema, node, errors, path);
        }
        switch (node)
        {
            case JsonObject map:
                ValidateObject(target, map, previous as JsonObject, errors, path);
                break;
            case JsonArray list when target.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    Validate(items, list[i], Matching(schema, previous as JsonArray, list[i]), errors, $"{path}[{i}]");
                }
                ListRules.CheckUnique(schema, list, errors, path);
                break;
        }
        if (target.Rules is { } rules)
        {
            CelValidation.Run(target, rules, node, previous, errors, path);
        }
    }

    private static void ValidateObject(Schema target, JsonObject map, JsonObject? previous, FieldErrors errors, string path)
    {
        foreach (var name in target.Required)
        {
            if (!map.TryGetPropertyValue(name, out var value) || (value is null && target.DropNulls))
            {
                errors.Required(Join(path, name));
            }
        }
        foreach (var (name, value) in map)
        {
            var property = target.Properties.TryGetValue(name, out var declared) ? declared : target.Additional;
            if (property is not null)
            {
                Validate(property, value, previous?[name], errors, declared is null ? $"{path}[{name}]" : Join(path, name));
            }
        }
    }

    private static JsonNode? Matching(Schema schema, JsonArray? previous, JsonNode? item)
    {
        if (previous is null || schema.ListType != "map")
        {
            return null;
        }
        var key = ListRules.KeyOf(schema, item);
        return previous.FirstOrDefault(p => ListRules.KeyOf(schema, p) == key);
    }

    private static void Values(Schema s, JsonNode node, FieldErrors errors, string path)
    {
        if (s.Enum is { } allowed && !allowed.Any(a => JsonNode.DeepEquals(a, node)))
        {
            errors.NotSupported(path, node, allowed.Select(a => J.Show(a)));
        }
        switch (node)
        {
            case JsonObject map:
                if (s.MinProperties is { } minProperties && map.Count < minProperties)
                {
                    errors.Invalid(path, J.Num(map.Count), $"{path} in body should have at least {minProperties} properties");
                }
                if (s.MaxProperties is { } maxProperties && map.Count > maxProperties)
                {
                    errors.TooMany(path, map.Count, maxProperties);
                }
                break;
            case JsonArray list:
                if (s.MinItems is { } minItems && list.Count < minItems)
                {
                    if (list.Count == 0 && s.DropNulls is false && minItems == 1 && s.PatchMergeKey is not null)
                    {
                        errors.Required(path);
                    }
                    else
                    {
                        errors.Invalid(path, J.Num(list.Count), $"{path} in body should have at least {minItems} items");
                    }
                }
                if (s.MaxItems is { } maxItems && list.Count > maxItems)
                {
                    errors.TooMany(path, list.Count, maxItems);
                }
                break;
            default:
                Scalars(s, node, errors, path);
                break;
        }
        Combinations(s, node, errors, path);
    }

    private static void Scalars(Schema s, JsonNode node, FieldErrors errors, string path)
    {
        if (J.Text(node) is { } text)
        {
            if (s.MaxLength is { } maxLength && text.Length > maxLength && new StringInfo(text).LengthInTextElements > maxLength)
            {
                errors.TooLong(path, (int)maxLength);
            }
            if (s.MinLength is { } minLength && text.Length < minLength)
            {
                errors.Invalid(path, node, $"{path} in body should be at least {minLength} chars long");
            }
            if (s.Pattern is { } pattern && !SafeMatch(pattern, text))
            {
                errors.Invalid(path, node, $"{path} in body should match '{s.PatternText}'");
            }
            if (s.Format is { } format && Formats.Fault(format, text) is { } fault)
            {
                errors.Invalid(path, node, fault);
            }
            return;
        }
        if (J.Number(node) is not { } number)
        {
            return;
        }
        if (s.Minimum is { } minimum && (number < minimum || (s.ExclusiveMinimum && number <= minimum)))
        {
            errors.Invalid(path, node, $"{path} in body should be greater than{(s.ExclusiveMinimum ? "" : " or equal to")} {minimum.ToString(CultureInfo.InvariantCulture)}");
        }
        if (s.Maximum is { } maximum && (number > maximum || (s.ExclusiveMaximum && number >= maximum)))
        {
            errors.Invalid(path, node, $"{path} in body should be less than{(s.ExclusiveMaximum ? "" : " or equal to")} {maximum.ToString(CultureInfo.InvariantCulture)}");
        }
        if (s.MultipleOf is { } multiple && multiple != 0 && Math.Abs(Math.IEEERemainder(number, multiple)) > 1e-9)
        {
            errors.Invalid(path, node, $"{path} in body should be a multiple of {multiple.ToString(CultureInfo.InvariantCulture)}");
        }
        if (s.Format == "int32" && (number > int.MaxValue || number < int.MinValue))
        {
            errors.Invalid(path, node, $"{path} in body must be of type int32");
        }
    }

    private static void Combinations(Schema s, JsonNode node, FieldErrors errors, string path)
    {
        foreach (var each in s.AllOf ?? [])
        {
            Validate(each, node, null, errors, path);
        }
        if (s.AnyOf is { } any && !any.Any(a => Holds(a, node, errors, path)))
        {
            errors.Invalid(path, node, $"{path} in body must validate at least one schema (anyOf)");
        }
        if (s.OneOf is { } one && one.Count(a => Holds(a, node, errors, path)) != 1)
        {
            errors.Invalid(path, node, $"{path} in body must validate one and only one schema (oneOf)");
        }
        if (s.Not is { } not && Holds(not, node, errors, path))
        {
            errors.Invalid(path, node, $"{path} in body must not validate the schema (not)");
        }
    }

    private static bool Holds(Schema schema, JsonNode node, FieldErrors errors, string path)
    {
        var probe = new FieldErrors { RuleBudget = errors.RuleBudget };
        Validate(schema, node, null, probe, path);
        return !probe.Any;
    }

    private static bool HasType(Schema s, JsonNode node) => s.Type switch
    {
        SchemaType.Object => node is JsonObject,
        SchemaType.Array => node is JsonArray,
        SchemaType.String => J.Kind(node) == JsonValueKind.String,
        SchemaType.Integer => J.Kind(node) == JsonValueKind.Number && J.Int(node) is not null,
        SchemaType.Number => J.Kind(node) == JsonValueKind.Number,
        SchemaType.Boolean => J.Kind(node) is JsonValueKind.True or JsonValueKind.False,
        SchemaType.IntOrString => J.Kind(node) == JsonValueKind.String || J.Int(node) is not null,
        _ => true,
    };

    private static string TypeName(Schema s) => s.Type switch
    {
        SchemaType.Object => "object",
        SchemaType.Array => "array",
        SchemaType.String => "string",
        SchemaType.Integer => "integer",
        SchemaType.Number => "number",
        SchemaType.Boolean => "boolean",
        SchemaType.IntOrString => "integer or string",
        _ => "any",
    };

    private static string TypeShown(JsonNode node) => J.Kind(node) switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => J.Int(node) is null ? "number" : "integer",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };

    // Patterns come from users' CRDs: a pattern that takes too long counts as not matching.
    private static bool SafeMatch(System.Text.RegularExpressions.Regex pattern, string text)
    {
        try
        {
            return pattern.IsMatch(text);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            return false;
        }
    }

    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
