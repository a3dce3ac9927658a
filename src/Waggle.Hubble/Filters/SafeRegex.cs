using System.Globalization;
using System.Text.RegularExpressions;

namespace Waggle.Hubble.Filters;

/// <summary>
/// Regular expressions from strangers: matched in time linear in the text (no backtracking), and bounded in what they cost to build.
/// The syntax is that of RE2 as far as patterns in use go; look-around and back references are refused.
/// </summary>
internal static class SafeRegex
{
    private const int MaxLength = 1024;
    private const int MaxRepetition = 1000;

    public static Regex Compile(string field, string pattern)
    {
        if (pattern.Length > MaxLength)
        {
            throw new FilterException(field, $"the pattern has {pattern.Length} characters, more than the limit of {MaxLength}");
        }

        if (Repetition(pattern) > MaxRepetition)
        {
            throw new FilterException(field, $"the pattern \"{pattern}\" repeats too much: counts may multiply to {MaxRepetition} at most");
        }

        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException e)
        {
            throw new FilterException(field, $"\"{pattern}\" is not a valid regular expression: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new FilterException(field, $"\"{pattern}\" uses what is not supported here (look-around, back references): {e.Message}", e);
        }
    }

    /// <summary>Matches; a text that takes too long (a second) does not match.</summary>
    public static bool Matches(Regex regex, string text)
    {
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    /// <summary>Names with '*': any run of the characters allowed in names, but no '/'.</summary>
    public static Regex Glob(string field, string pattern, string any)
    {
        if (pattern.Length > MaxLength)
        {
            throw new FilterException(field, $"the pattern has {pattern.Length} characters, more than the limit of {MaxLength}");
        }

        if (pattern.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '*')) is var odd and not '\0')
        {
            throw new FilterException(field, $"\"{pattern}\" has '{odd}', which no name has: write letters, digits, '-', '_', '.', and '*' for any run of them");
        }

        var parts = pattern.Split('*').Select(Regex.Escape);
        return new Regex("^(?:" + string.Join(any, parts) + ")$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));
    }

    /// <summary>Product of all counts {n}, {n,}, {n,m}: an upper bound of how nested ones multiply.</summary>
    private static double Repetition(string pattern)
    {
        var product = 1d;
        for (var i = pattern.IndexOf('{', StringComparison.Ordinal); i >= 0; i = pattern.IndexOf('{', i + 1))
        {
            var end = pattern.IndexOf('}', i);
            if (end < 0)
            {
                break;
            }

            foreach (var number in pattern[(i + 1)..end].Split(','))
            {
                if (double.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 1)
                {
                    product *= count;
                }
            }
        }

        return product;
    }
}
