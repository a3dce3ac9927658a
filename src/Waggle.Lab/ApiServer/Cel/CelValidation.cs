using System.Text.Json.Nodes;
using Waggle.Cel;

namespace Waggle.Lab.ApiServer;

/// <summary>x-kubernetes-validations: rules in CEL on a part of a custom resource.</summary>
internal static class CelValidation
{
    private static readonly CelValue s_noOldSelf = CelValue.Error("there is no oldSelf");

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
            var compiled = Compile(rule, CelType.Bool, $"{path}[{i}].rule", errors);
            rules.Add(new CelRule(rule, J.Str(item, "message"), message is null ? null : Compile(message, CelType.String, $"{path}[{i}].messageExpression", errors), J.Str(item, "reason"), J.Str(item, "fieldPath"), compiled));
        }
        return rules;
    }

    /// <summary>Evaluates the rules on a value; a rule about oldSelf only where there is an old value.</summary>
    public static void Run(Schema schema, List<CelRule> rules, JsonNode node, JsonNode? previous, FieldErrors errors, string path)
    {
        var input = new RuleInput(JsonValues.Of(node, schema), previous is null ? s_noOldSelf : JsonValues.Of(previous, schema));
        foreach (var rule in rules)
        {
            if (rule.Compiled is not { } compiled || (previous is null && compiled.Uses("oldSelf")))
            {
                continue;
            }
            var at = path + (rule.FieldPath ?? "");
            at = at.StartsWith('.') ? at[1..] : at;
            var shown = node is JsonValue ? node : JsonValue.Create(node is JsonArray ? "array" : "object");
            var result = compiled.Evaluate(input, ref errors.RuleBudget.Left);
            if (result.IsError)
            {
                errors.Invalid(at, shown, $"{result.Reference} evaluating rule: {rule.Rule}");
            }
            else if (!result.IsTrue)
            {
                Report(rule, Message(rule, input, errors.RuleBudget), at, shown, errors);
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

    /// <summary>An expression that fails, or says nothing, leaves it to the fixed message.</summary>
    private static string Message(CelRule rule, RuleInput input, RuleBudget budget) =>
        rule.MessageExpression?.Evaluate(input, ref budget.Left) is { Kind: CelKind.String, String: { Length: > 0 and < 5 * 1024 } text } ? text
        : rule.Message is { Length: > 0 } message ? message : $"failed rule: {rule.Rule}";

    private static CelProgram<RuleInput>? Compile(string text, CelType result, string path, FieldErrors errors)
    {
        try
        {
            var program = CelProgram<RuleInput>.Compile(text, RuleEnvironment.Instance);
            return program.Type.Fits(result) ? program : throw new CelException(text, 0, $"the result must be {result}, not {program.Type}");
        }
        catch (CelException e)
        {
            errors.Invalid(path, text, $"compilation failed: {e.Message}");
            return null;
        }
    }
}

/// <summary>What the rules of an object may still cost together; shared by all parts of its validation.</summary>
internal sealed class RuleBudget
{
    public CelBudget Left = new(RuleEnvironment.Cost);
}
