using System.Collections.Immutable;
using Waggle.Policy.Labels;

namespace Waggle.Policy.Selectors;

/// <summary>How a requirement compares.</summary>
public enum SelectorOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>One condition on a label. All of a selector's must hold.</summary>
public sealed class Requirement
{
    /// <param name="source">Whose label; <see cref="Label.AnySource"/> for anybody's.</param>
    /// <param name="key">The key without its source.</param>
    /// <param name="operator">How to compare.</param>
    /// <param name="values">For <see cref="SelectorOperator.In"/> and <see cref="SelectorOperator.NotIn"/>.</param>
    public Requirement(string source, string key, SelectorOperator @operator, params IEnumerable<string> values)
    {
        Source = source;
        Key = key;
        Operator = @operator;
        Values = [.. values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    public string Source { get; }

    public string Key { get; }

    public SelectorOperator Operator { get; }

    /// <summary>Sorted.</summary>
    public ImmutableArray<string> Values { get; }

    /// <summary>As Kubernetes has it: a label that is not there satisfies <c>NotIn</c>.</summary>
    public bool Matches(LabelSet labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        bool present = false, listed = false;
        foreach (Label label in labels.WithKey(Key))
        {
            if (Source == Label.AnySource || Source == label.Source)
            {
                present = true;
                listed |= Values.Contains(label.Value);
            }
        }

        return Operator switch
        {
            SelectorOperator.In => listed,
            SelectorOperator.NotIn => !listed,
            SelectorOperator.Exists => present,
            _ => !present,
        };
    }

    public override string ToString() => Operator switch
    {
        SelectorOperator.In when Values.Length == 1 => $"{Source}:{Key}={Values[0]}",
        SelectorOperator.In => $"{Source}:{Key} in ({string.Join(',', Values)})",
        SelectorOperator.NotIn => $"{Source}:{Key} notin ({string.Join(',', Values)})",
        SelectorOperator.Exists => $"{Source}:{Key}",
        _ => $"!{Source}:{Key}",
    };
}
