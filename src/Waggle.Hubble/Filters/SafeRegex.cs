using System.Text.RegularExpressions;
using Waggle.Cel;

namespace Waggle.Hubble.Filters;

/// <summary>
/// Regular expressions from strangers, as <see cref="CelPattern"/> makes them, and names with '*'.
/// </summary>
internal static class SafeRegex
{
    private const int MaxLength = 1024;
    private const int MaxSize = 4096;

    public static Regex Compile(string field, string pattern)
    {
        try
        {
            return Compile(pattern);
        }
        catch (ArgumentException e)
        {
            throw new FilterException(field, e.Message, e);
        }
    }

    /// <exception cref="ArgumentException">It cannot be used; the message says why.</exception>
    public static Regex Compile(string pattern) => CelPattern.Compile(pattern, MaxLength, MaxSize);

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
}
