namespace Waggle.Lab.ApiServer;

/// <summary>The rules for names and labels (RFC 1123 and Kubernetes' own), each answering what is wrong or null.</summary>
internal static class Names
{
    public const string SubdomainRule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    public const string LabelRule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string QualifiedRule = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    private const string ValueRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    private const string ServiceRule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    public static string? DnsLabel(string text) => text.Length > 63 ? "must be no more than 63 characters" : IsLabel(text) ? null : LabelRule;

    public static string? DnsSubdomain(string text) =>
        text.Length > 253 ? "must be no more than 253 characters" : text.Length > 0 && text.Split('.').All(IsLabelPart) ? null : SubdomainRule;

    /// <summary>Names of Services (RFC 1035: must begin with a letter).</summary>
    public static string? Service(string text) =>
        text.Length > 63 ? "must be no more than 63 characters" : IsLabel(text) && char.IsAsciiLetterLower(text[0]) ? null : ServiceRule;

    /// <summary>Names that only have to fit into a path, such as those of RBAC objects.</summary>
    public static string? PathSegment(string text) => text is "." or ".." ? $"may not be '{text}'" : text.Contains('/') ? "may not contain '/'" : text.Contains('%') ? "may not contain '%'" : null;

    /// <summary>Label keys: an optional DNS prefix and a name.</summary>
    public static string? LabelKey(string text)
    {
        var slash = text.IndexOf('/');
        var name = text[(slash + 1)..];
        if (slash == 0)
        {
            return "prefix part must be non-empty";
        }
        if (slash > 0 && DnsSubdomain(text[..slash]) is { } fault)
        {
            return "prefix part " + fault;
        }
        if (name.Length == 0)
        {
            return "name part must be non-empty";
        }
        return name.Length > 63 ? "name part must be no more than 63 characters" : IsQualified(name) ? null : QualifiedRule;
    }

    public static string? LabelValue(string text) => text.Length > 63 ? "must be no more than 63 characters" : text.Length == 0 || IsQualified(text) ? null : ValueRule;

    /// <summary>Port names (IANA service names).</summary>
    public static string? PortName(string text) => text.Length > 15 ? "must be no more than 15 characters"
        : !text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') ? "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
        : !text.Any(char.IsAsciiLetterLower) ? "must contain at least one letter (a-z)"
        : text.Contains("--", StringComparison.Ordinal) ? "must not contain consecutive hyphens"
        : text[0] == '-' || text[^1] == '-' ? "must not begin or end with a hyphen" : null;

    private static bool IsLabel(string text) => text.Length is > 0 and <= 63 && IsLabelPart(text);

    private static bool IsLabelPart(string text)
    {
        if (text.Length == 0 || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsQualified(string text)
    {
        if (!char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }
        return true;
    }
}
