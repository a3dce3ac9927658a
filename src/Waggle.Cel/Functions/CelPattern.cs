using System.Globalization;
using System.Text.RegularExpressions;

namespace Waggle.Cel;

/// <summary>
/// Regular expressions from strangers: matched in time linear in the text (no backtracking), and bounded in what they cost to build.
/// The syntax is that of RE2 as far as patterns in use go; look-around and back references are refused.
/// </summary>
public static class CelPattern
{
    private const int MaxLength = 8 * 1024;

    /// <param name="pattern">The pattern.</param>
    /// <param name="maxLength">Characters that it may have.</param>
    /// <param name="maxRepetition">What its counts may multiply to; .NET has a limit of its own, which few patterns in use reach.</param>
    /// <exception cref="ArgumentException">It cannot be used; the message says why.</exception>
    public static Regex Compile(string pattern, int maxLength = MaxLength, double maxRepetition = double.PositiveInfinity)
    {
        if (pattern.Length > maxLength)
        {
            throw new ArgumentException($"the pattern has {pattern.Length} characters, more than the limit of {maxLength}");
        }

        if (Repetition(pattern) > maxRepetition)
        {
            throw new ArgumentException($"the pattern \"{pattern}\" repeats too much: counts may multiply to {maxRepetition} at most");
        }

        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"\"{pattern}\" is not a valid regular expression: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException($"\"{pattern}\" uses what is not supported here (look-around, back references): {e.Message}", e);
        }
    }

    /// <summary>What the function makes of a text and a pattern that is only known now; those known before are compiled once.</summary>
    internal static CelValue Run(ref CelBudget budget, CelFunction function, Func<string, Regex> compile, in CelValue text, in CelValue pattern)
    {
        if (pattern.Kind != CelKind.String)
        {
            return CelValue.NoOverload;
        }

        if (!budget.Charge(CelBudget.Pattern + (16 * pattern.String.Length)))
        {
            return CelBudget.Exhausted;
        }

        try
        {
            return Run(ref budget, function, compile(pattern.String), text);
        }
        catch (ArgumentException e)
        {
            return CelValue.Error($"{function.Name}: {e.Message}");
        }
    }

    internal static CelValue Run(ref CelBudget budget, CelFunction function, Regex regex, in CelValue text)
    {
        if (text.Kind != CelKind.String)
        {
            return CelValue.NoOverload;
        }

        try
        {
            return budget.Charge(1 + text.String.Length) ? function.Match!(regex, text.String) : CelBudget.Exhausted;
        }
        catch (RegexMatchTimeoutException)
        {
            return CelValue.Error($"{function.Name}: it took longer than a second");
        }
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
