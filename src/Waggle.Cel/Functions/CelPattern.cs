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
    private const int MaxSize = 10_000;

    /// <param name="pattern">The pattern.</param>
    /// <param name="maxLength">Characters that it may have.</param>
    /// <param name="maxSize">What it may be big with all counts written out; .NET has a limit of its own, which few patterns in use reach.</param>
    /// <exception cref="ArgumentException">It cannot be used; the message says why.</exception>
    public static Regex Compile(string pattern, int maxLength = MaxLength, double maxSize = MaxSize)
    {
        if (pattern.Length > maxLength)
        {
            throw new ArgumentException($"the pattern has {pattern.Length} characters, more than the limit of {maxLength}");
        }

        if (Size(pattern) > maxSize)
        {
            throw new ArgumentException($"the pattern \"{pattern}\" repeats too much: with its counts written out it is bigger than the limit of {maxSize}");
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
            return Run(ref budget, function, compile(pattern.String), Weight(pattern.String), text);
        }
        catch (ArgumentException e)
        {
            return CelValue.Error($"{function.Name}: {e.Message}");
        }
    }

    internal static CelValue Run(ref CelBudget budget, CelFunction function, Regex regex, int weight, in CelValue text)
    {
        if (text.Kind != CelKind.String)
        {
            return CelValue.NoOverload;
        }

        try
        {
            return budget.Charge((int)Math.Min(int.MaxValue, (long)weight * (1 + text.String.Length))) ? function.Match!(regex, text.String) : CelBudget.Exhausted;
        }
        catch (RegexMatchTimeoutException)
        {
            return CelValue.Error($"{function.Name}: it took longer than a second");
        }
    }

    /// <summary>What a character of the text is charged: a match that is no longer deterministic looks at every place of the pattern.</summary>
    internal static int Weight(string pattern) => 1 + (int)(Math.Min(Size(pattern), MaxSize) / 16);

    /// <summary>About the characters of the pattern with all counts {n}, {n,}, {n,m} written out: as many places it can be in at once.</summary>
    internal static double Size(string pattern)
    {
        var outer = new Stack<double>();
        double size = 0, last = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '(':
                    outer.Push(size);
                    (size, last) = (0, 0);
                    break;
                case ')' when outer.TryPop(out var before):
                    (size, last) = (before + size, size);
                    break;
                case '{' when Count(pattern, i, out var end) is { } count:
                    (size, last, i) = (size + (last * (count - 1)), last * count, end);
                    break;
                default:
                    i = pattern[i] == '[' ? EndOfClass(pattern, i) : pattern[i] == '\\' ? i + 1 : i;
                    (size, last) = (size + 1, 1);
                    break;
            }
        }

        return size + outer.Sum();
    }

    /// <summary>The higher number of {n}, {n,} or {n,m}, 1 at least; null when the bracket means itself.</summary>
    private static double? Count(string pattern, int open, out int end)
    {
        end = pattern.IndexOf('}', open);
        var inside = end < 0 ? "" : pattern[(open + 1)..end];
        return inside.Length == 0 || inside.AsSpan().ContainsAnyExcept("0123456789,") ? null
            : inside.Split(',').Max(n => double.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? Math.Max(count, 1) : 1);
    }

    private static int EndOfClass(string pattern, int at)
    {
        // A bracket that comes first belongs to the class.
        at += at + 1 < pattern.Length && pattern[at + 1] == '^' ? 2 : 1;
        at += at < pattern.Length && pattern[at] == ']' ? 1 : 0;
        for (; at < pattern.Length && pattern[at] != ']'; at++)
        {
            at += pattern[at] == '\\' ? 1 : 0;
        }

        return at;
    }
}
