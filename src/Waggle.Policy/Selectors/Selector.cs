using System.Collections.Immutable;
using Waggle.Policy.Labels;

namespace Waggle.Policy.Selectors;

/// <summary>Conditions on labels, all of which must hold. Two selectors are equal when their canonical texts are.</summary>
public sealed class Selector : IEquatable<Selector>
{
    public Selector(IEnumerable<Requirement> requirements)
    {
        Requirements = [.. requirements.DistinctBy(r => r.ToString()).OrderBy(r => r.ToString(), StringComparer.Ordinal)];
        Text = Requirements.Length == 0 ? "<all>" : string.Join(" && ", Requirements);
    }

    /// <summary>Matches everything.</summary>
    public static Selector All { get; } = new([]);

    /// <summary>Sorted.</summary>
    public ImmutableArray<Requirement> Requirements { get; }

    /// <summary>Canonical, e.g. <c>k8s:app=web &amp;&amp; k8s:env in (a,b)</c>.</summary>
    public string Text { get; }

    public bool Matches(LabelSet labels)
    {
        foreach (Requirement requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>This selector with further conditions.</summary>
    public Selector With(params IEnumerable<Requirement> more) => new(Requirements.Concat(more));

    /// <summary>True when a condition names the key; <see cref="Label.AnySource"/> counts as the source of everybody.</summary>
    public bool Names(string source, string key) => Requirements.Any(r => r.Key == key && (r.Source == source || r.Source == Label.AnySource));

    public bool Equals(Selector? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as Selector);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
