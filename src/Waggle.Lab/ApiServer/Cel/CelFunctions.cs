using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Waggle.Lab.ApiServer;

/// <summary>CEL's standard functions and Kubernetes' additions, as far as validation rules use them.</summary>
internal static class CelFunctions
{
    private static readonly TimeSpan s_matchTime = TimeSpan.FromMilliseconds(100);

    /// <summary>Calls a function; a receiver is its first argument.</summary>
    /// <exception cref="CelException">No such function, or not for these values.</exception>
    public static object? Call(string name, object?[] a) => (name, a) switch
    {
        ("size", [string s]) => (long)new StringInfo(s).LengthInTextElements,
        ("size", [IReadOnlyList<object?> l]) => (long)l.Count,
        ("size", [IReadOnlyDictionary<string, object?> m]) => (long)m.Count,
        ("contains", [string s, string t]) => s.Contains(t, StringComparison.Ordinal),
        ("startsWith", [string s, string t]) => s.StartsWith(t, StringComparison.Ordinal),
        ("endsWith", [string s, string t]) => s.EndsWith(t, StringComparison.Ordinal),
        ("matches", [string s, string p]) => Match(s, p),
        ("find", [string s, string p]) => Pattern(p).Match(s).Value,
        ("lowerAscii", [string s]) => s.ToLowerInvariant(),
        ("upperAscii", [string s]) => s.ToUpperInvariant(),
        ("trim", [string s]) => s.Trim(),
        ("split", [string s, string t]) => (IReadOnlyList<object?>)[.. s.Split(t)],
        ("join", [IReadOnlyList<object?> l]) => string.Concat(l),
        ("join", [IReadOnlyList<object?> l, string t]) => string.Join(t, l),
        ("replace", [string s, string t, string u]) => t.Length == 0 ? s : s.Replace(t, u, StringComparison.Ordinal),
        ("substring", [string s, long from]) => Cut(s, from, s.Length),
        ("substring", [string s, long from, long to]) => Cut(s, from, to),
        ("charAt", [string s, long i]) => Cut(s, i, i + 1),
        ("indexOf", [string s, string t]) => (long)s.IndexOf(t, StringComparison.Ordinal),
        ("lastIndexOf", [string s, string t]) => (long)s.LastIndexOf(t, StringComparison.Ordinal),
        ("indexOf", [IReadOnlyList<object?> l, var x]) => (long)l.ToList().FindIndex(i => CelValues.AreEqual(i, x)),
        ("isSorted", [IReadOnlyList<object?> l]) => l.Zip(l.Skip(1)).All(p => CelValues.Compare(p.First, p.Second) <= 0),
        ("sum", [IReadOnlyList<object?> l]) => l.Aggregate((object?)0L, (x, y) => CelValues.Arithmetic("+", x is 0L && y is not long ? y : x, x is 0L && y is not long ? Zero(y) : y)),
        ("min", [IReadOnlyList<object?> { Count: > 0 } l]) => l.Aggregate((x, y) => CelValues.Compare(x, y) <= 0 ? x : y),
        ("max", [IReadOnlyList<object?> { Count: > 0 } l]) => l.Aggregate((x, y) => CelValues.Compare(x, y) >= 0 ? x : y),
        ("int", [long i]) => i,
        ("int", [double d]) => Math.Abs(d) < 9.2e18 ? (long)d : throw new CelException("integer overflow"),
        ("int", [string s]) => long.TryParse(s, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var i) ? i : throw new CelException($"'{s}' is no number"),
        ("uint", [long i]) => i >= 0 ? i : throw new CelException("unsigned integer overflow"),
        ("double", [long i]) => (double)i,
        ("double", [double d]) => d,
        ("double", [string s]) => double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : throw new CelException($"'{s}' is no number"),
        ("string", [string s]) => s,
        ("string", [bool b]) => b ? "true" : "false",
        ("string", [long i]) => i.ToString(CultureInfo.InvariantCulture),
        ("string", [double d]) => d.ToString(CultureInfo.InvariantCulture),
        ("bool", [bool b]) => b,
        ("duration", [string s]) => Duration(s),
        ("timestamp", [string s]) => J.ParseTime(s) ?? throw new CelException($"'{s}' is no time"),
        ("getSeconds", [TimeSpan t]) => (long)t.TotalSeconds,
        ("isIP", [string s]) => IPAddress.TryParse(s, out _),
        ("isCIDR", [string s]) => Formats.IsCidr(s),
        ("isURL", [string s]) => Uri.TryCreate(s, UriKind.Absolute, out _),
        ("isQuantity", [string s]) => Formats.Fault("quantity", s) is null,
        ("dyn", [var x]) => x,
        _ => throw new CelException($"no such overload: {name}({string.Join(", ", a.Select(TypeName))})"),
    };

    private static bool Match(string text, string pattern)
    {
        try
        {
            return Pattern(pattern).IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new CelException("matching took too long");
        }
    }

    // RE2's guarantee of linear time is .NET's non-backtracking engine.
    private static Regex Pattern(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, s_matchTime);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new CelException($"'{pattern}' is no regular expression: {e.Message}");
        }
    }

    private static string Cut(string text, long from, long to) =>
        from >= 0 && from <= to && to <= text.Length ? text[(int)from..(int)to] : throw new CelException("index out of range");

    private static object? Zero(object? like) => like switch { double => 0.0, TimeSpan => TimeSpan.Zero, _ => 0L };

    private static TimeSpan Duration(string text)
    {
        var total = 0.0;
        var matches = Regex.Matches(text, @"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)");
        if (matches.Count == 0 || matches.Sum(m => m.Length) != text.TrimStart('-').Length)
        {
            throw new CelException($"'{text}' is no duration");
        }
        foreach (Match match in matches)
        {
            total += double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * match.Groups[2].Value switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "us" => 1e-6, _ => 1e-9 };
        }
        return total < 1e11 ? TimeSpan.FromSeconds(text.StartsWith('-') ? -total : total) : throw new CelException("the duration is too long");
    }

    private static string TypeName(object? value) => value switch
    {
        null => "null",
        bool => "bool",
        long => "int",
        double => "double",
        string => "string",
        IReadOnlyList<object?> => "list",
        IReadOnlyDictionary<string, object?> => "map",
        TimeSpan => "duration",
        _ => "timestamp",
    };
}
