using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>x-kubernetes-validations: rules in CEL on a part of a custom resource.</summary>
internal static class CelValidation
{
    /// <summary>Reads and parses the rules of a schema; what does not parse is an error of the CRD.</summary>
    public static List<CelRule>? Read(JsonArray? source, FieldErrors errors, string path)
    {
        if (source is not { Count: > 0 })
        {
            return null;
        }
        var rules = new List<CelRule>();
        foreach (var (i, item) in source.Index())
        {
            var rule = J.Str(item, "rule");
            if (string.IsNullOrEmpty(rule))
            {
                errors.Required($"{path}[{i}].rule");
                continue;
            }
            var message = J.Str(item, "messageExpression");
            var compiled = Compile(rule, $"{path}[{i}].rule", errors);
            rules.Add(new CelRule(rule, J.Str(item, "message"), message is null ? null : Compile(message, $"{path}[{i}].messageExpression", errors), J.Str(item, "reason"), J.Str(item, "fieldPath"), compiled));
        }
        return rules;
    }

    /// <summary>Evaluates the rules on a value; a rule about oldSelf only where there is an old value.</summary>
    public static void Run(List<CelRule> rules, JsonNode node, JsonNode? previous, FieldErrors errors, string path)
    {
        var variables = new Dictionary<string, object?> { ["self"] = CelValues.From(node) };
        if (previous is not null)
        {
            variables["oldSelf"] = CelValues.From(previous);
        }
        foreach (var rule in rules)
        {
            if (rule.Compiled is not { } compiled || (compiled.UsesOldSelf && previous is null))
            {
                continue;
            }
            var at = path + (rule.FieldPath ?? "");
            at = at.StartsWith('.') ? at[1..] : at;
            var shown = node is JsonValue ? node : JsonValue.Create(node is JsonArray ? "array" : "object");
            try
            {
                if (compiled.Evaluate(variables) is not true)
                {
                    Report(rule, Message(rule, variables), at, shown, errors);
                }
            }
            catch (CelException e)
            {
                errors.Invalid(at, shown, $"{e.Message} evaluating rule: {rule.Rule}");
            }
        }
    }

    private static void Report(CelRule rule, string message, string path, JsonNode shown, FieldErrors errors)
    {
        switch (rule.Reason)
        {
            case "FieldValueForbidden":
                errors.Forbidden(path, message);
                break;
            case "FieldValueRequired":
                errors.Required(path, message);
                break;
            case "FieldValueDuplicate":
                errors.Duplicate(path, shown);
                break;
            default:
                errors.Invalid(path, shown, message);
                break;
        }
    }

    private static string Message(CelRule rule, Dictionary<string, object?> variables)
    {
        try
        {
            if (rule.MessageExpression?.Evaluate(variables) is string { Length: > 0 and < 5 * 1024 } text)
            {
                return text;
            }
        }
        catch (CelException)
        {
            // The fixed message says it as well.
        }
        return rule.Message is { Length: > 0 } message ? message : $"failed rule: {rule.Rule}";
    }

    private static CelExpression? Compile(string text, string path, FieldErrors errors)
    {
        try
        {
            return CelExpression.Parse(text);
        }
        catch (CelException e)
        {
            errors.Invalid(path, text, $"compilation failed: {e.Message}");
            return null;
        }
    }
}
