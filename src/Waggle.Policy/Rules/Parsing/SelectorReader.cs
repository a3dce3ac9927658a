using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads label selectors.</summary>
internal static class SelectorReader
{
    /// <summary>Reads <c>matchLabels</c> and <c>matchExpressions</c>; null when there is no object.</summary>
    /// <param name="field">The selector.</param>
    /// <param name="defaultSource">The source of keys that name none.</param>
    /// <param name="keyPrefix">In front of each key (namespace labels).</param>
    /// <param name="takesSources">False: a colon in a key is an error.</param>
    public static List<Requirement>? Requirements(Field field, string defaultSource, string keyPrefix = "", bool takesSources = true)
    {
        if (!field.IsObject())
        {
            return null;
        }

        field.Only("matchLabels", "matchExpressions");
        var requirements = new List<Requirement>();
        foreach ((string name, Field value) in field["matchLabels"].Members())
        {
            string? text = value.Text();
            if (!value.Exists)
            {
                value.Error("must be a text");
            }
            else if (text is not null && LabelSyntax.Value(text) is { } fault)
            {
                value.Error($"{ProblemList.Quote(text)} {fault}");
            }

            if (Key(value, name, defaultSource, takesSources) is { } key && text is not null)
            {
                requirements.Add(new Requirement(key.Source, keyPrefix + key.Key, SelectorOperator.In, text));
            }
        }

        foreach (Field expression in field["matchExpressions"].Items() ?? [])
        {
            if (Expression(expression, defaultSource, keyPrefix, takesSources) is { } requirement)
            {
                requirements.Add(requirement);
            }
        }

        return requirements;
    }

    private static Requirement? Expression(Field field, string defaultSource, string keyPrefix, bool takesSources)
    {
        if (!field.IsObject())
        {
            if (!field.Exists)
            {
                field.Error("must be an object");
            }

            return null;
        }

        field.Only("key", "operator", "values");
        string? name = field["key"].Text();
        if (name is null)
        {
            field["key"].Error("is required");
        }

        string? text = field["operator"].Text();
        SelectorOperator? @operator = text switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            _ => null,
        };
        if (@operator is null)
        {
            field["operator"].Error($"{ProblemList.Quote(text)} is no operator; there are In, NotIn, Exists and DoesNotExist");
        }

        var values = new List<string>();
        foreach (Field item in field["values"].Items() ?? [])
        {
            string? value = item.Text();
            if (value is null || LabelSyntax.Value(value) is not null)
            {
                item.Error(value is null ? "must be a text" : $"{ProblemList.Quote(value)} {LabelSyntax.Value(value)}");
            }
            else
            {
                values.Add(value);
            }
        }

        bool takesValues = @operator is SelectorOperator.In or SelectorOperator.NotIn;
        if (@operator is not null && takesValues == (values.Count == 0))
        {
            field["values"].Error(takesValues ? $"are required with the operator {text}" : $"must be empty with the operator {text}");
        }

        (string Source, string Key)? key = name is null ? null : Key(field["key"], name, defaultSource, takesSources);
        return key is null || @operator is null ? null : new Requirement(key.Value.Source, keyPrefix + key.Value.Key, @operator.Value, values);
    }

    private static (string Source, string Key)? Key(Field field, string name, string defaultSource, bool takesSources)
    {
        (string source, string key) = takesSources ? Label.SplitSource(name, defaultSource) : (defaultSource, name);
        if (LabelSyntax.Key(key) is { } fault)
        {
            field.Error($"the key {ProblemList.Quote(name)} is malformed: {fault}");
            return null;
        }

        if (source.Length > 32 || !source.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            field.Error($"the key {ProblemList.Quote(name)} is malformed: what stands before ':' must be a source such as k8s, reserved or any");
            return null;
        }

        return (source, key);
    }
}
