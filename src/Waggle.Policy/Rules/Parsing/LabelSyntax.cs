using Waggle.Policy.Labels;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>The syntax of Kubernetes' labels and port names: each answers what is wrong, or null.</summary>
internal static class LabelSyntax
{
    public static string? Key(string key)
    {
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        string prefix = slash < 0 ? "" : key[..slash], name = key[(slash + 1)..];
        if (slash == 0 || prefix.Length > 253 || (slash > 0 && !prefix.Split('.').All(p => p.Length > 0 && Within(p, "-_"))))
        {
            return "the part before '/' must be a DNS name of at most 253 characters";
        }

        // The platform puts namespaces' labels behind a prefix of its own, which does not count.
        int longest = 63 + (name.StartsWith(WellKnownLabels.NamespaceLabelsPrefix, StringComparison.Ordinal) ? WellKnownLabels.NamespaceLabelsPrefix.Length : 0);
        return name.Length == 0 || name.Length > longest || !Within(name, "-_.")
            ? "the name must have 1 to 63 letters, digits, '-', '_' or '.', and begin and end with a letter or digit"
            : null;
    }

    public static string? Value(string value) => value.Length > 63 ? "must have at most 63 characters"
        : value.Length == 0 || Within(value, "-_.") ? null
        : "must consist of letters, digits, '-', '_' or '.', and begin and end with a letter or digit";

    /// <summary>RFC 6335 §5.1.</summary>
    public static bool IsPortName(string text) =>
        text.Length is > 0 and <= 15 && Within(text, "-") && text.Any(char.IsAsciiLetter) && !text.Contains("--", StringComparison.Ordinal);

    public static bool IsDnsName(string text) => text.Length is > 0 and <= 253 && text.Split('.').All(p => p.Length is > 0 and <= 63 && Within(p, "-") && !p.Any(char.IsAsciiLetterUpper));

    private static bool Within(string text, string inside)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !inside.Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);
    }
}
