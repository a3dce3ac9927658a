using System.Collections.ObjectModel;

namespace Waggle.Kube.Resources;

/// <summary>Selects objects by labels; an empty selector matches everything, an absent one nothing.</summary>
public sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string> MatchLabels { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyList<LabelSelectorRequirement> MatchExpressions { get => field ?? []; init; }

    /// <summary>True if <paramref name="labels"/> satisfies every requirement. An unknown operator matches nothing.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in MatchLabels)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }

        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The selector in the text form of the <c>labelSelector</c> query parameter.</summary>
    public string ToQuery() => string.Join(',', MatchLabels.Select(l => $"{l.Key}={l.Value}").Concat(MatchExpressions.Select(e => e.ToQuery())));
}

/// <summary>One requirement: <c>In</c>, <c>NotIn</c>, <c>Exists</c>, <c>DoesNotExist</c>; node selectors also know <c>Gt</c> and <c>Lt</c>.</summary>
public sealed record LabelSelectorRequirement
{
    public string Key { get; init; } = "";

    public string Operator { get; init; } = "";

    public IReadOnlyList<string> Values { get => field ?? []; init; }

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            "In" => present && Values.Contains(value!),
            "NotIn" => !present || !Values.Contains(value!),
            "Exists" => present,
            "DoesNotExist" => !present,
            "Gt" => present && Compare(value!) is > 0,
            "Lt" => present && Compare(value!) is < 0,
            _ => false,
        };
    }

    internal string ToQuery() => Operator switch
    {
        "In" => $"{Key} in ({string.Join(',', Values)})",
        "NotIn" => $"{Key} notin ({string.Join(',', Values)})",
        "Exists" => Key,
        "DoesNotExist" => $"!{Key}",
        _ => throw new InvalidOperationException($"Operator '{Operator}' of label '{Key}' has no query form; use In, NotIn, Exists or DoesNotExist."),
    };

    private int? Compare(string value) =>
        Values.Count == 1 && long.TryParse(value, out var left) && long.TryParse(Values[0], out var right) ? left.CompareTo(right) : null;
}
