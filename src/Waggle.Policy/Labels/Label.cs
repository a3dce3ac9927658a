namespace Waggle.Policy.Labels;

/// <summary>One label with where it comes from: <c>k8s:app=web</c>, <c>reserved:world</c>, <c>cidr:10.0.0.0/8</c>.</summary>
/// <param name="Source">Who says so; <see cref="AnySource"/> in selectors only.</param>
/// <param name="Key">The key without its source.</param>
/// <param name="Value">Empty for labels that are only a key.</param>
public readonly record struct Label(string Source, string Key, string Value) : IComparable<Label>
{
    public const string AnySource = "any";
    public const string KubernetesSource = "k8s";
    public const string ReservedSource = "reserved";
    public const string CidrSource = "cidr";

    /// <summary>Reads <c>[source:]key[=value]</c>; without a source the label is <see cref="KubernetesSource"/>'s.</summary>
    public static Label Parse(string text) => Parse(text, KubernetesSource);

    /// <summary>Reads <c>[source:]key[=value]</c>.</summary>
    /// <param name="text">The label.</param>
    /// <param name="defaultSource">The source of a text that names none.</param>
    public static Label Parse(string text, string defaultSource)
    {
        ArgumentNullException.ThrowIfNull(text);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        (string source, string key) = SplitSource(name, defaultSource);
        return new Label(source, key, equals < 0 ? "" : text[(equals + 1)..]);
    }

    /// <summary>Splits <c>source:key</c>.</summary>
    /// <param name="name">A key, perhaps with its source.</param>
    /// <param name="defaultSource">The source of a key that names none.</param>
    public static (string Source, string Key) SplitSource(string name, string defaultSource)
    {
        ArgumentNullException.ThrowIfNull(name);
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 ? (defaultSource, name) : (string.IsInterned(name[..colon]) ?? name[..colon], name[(colon + 1)..]);
    }

    public int CompareTo(Label other)
    {
        int byKey = string.CompareOrdinal(Key, other.Key);
        int bySource = byKey != 0 ? byKey : string.CompareOrdinal(Source, other.Source);
        return bySource != 0 ? bySource : string.CompareOrdinal(Value, other.Value);
    }

    public override string ToString() => Value.Length == 0 && Source is ReservedSource or CidrSource ? $"{Source}:{Key}" : $"{Source}:{Key}={Value}";
}
