namespace Waggle.Cli;

/// <summary>"Did you mean": the nearest known words to a mistyped one.</summary>
public static class Suggestions
{
    /// <summary>At most <paramref name="count"/> candidates, nearest first; none when nothing is near.</summary>
    public static IReadOnlyList<string> For(string typed, IEnumerable<string> known, int count = 3)
    {
        var limit = Math.Max(1, typed.TrimStart('-').Length / 3);
        return known
            .Distinct()
            .Select(word => (Word: word, Distance: Score(typed, word)))
            .Where(each => each.Distance <= limit)
            .OrderBy(each => each.Distance)
            .ThenBy(each => each.Word, StringComparer.Ordinal)
            .Take(count)
            .Select(each => each.Word)
            .ToList();
    }

    /// <summary>The nearest of a closed set, however far; null only for an empty set.</summary>
    public static string? Nearest(string typed, IEnumerable<string> known) =>
        known.OrderBy(word => Score(typed, word)).ThenBy(word => word, StringComparer.Ordinal).FirstOrDefault();

    // A word typed only in part counts as one mistake.
    private static int Score(string typed, string word) =>
        typed.TrimStart('-').Length >= 2 && (word.StartsWith(typed, StringComparison.OrdinalIgnoreCase) || (typed.Length >= 5 && word.Contains(typed, StringComparison.OrdinalIgnoreCase)))
            ? 1
            : Distance(typed, word);

    /// <summary>Edits between two words: insert, delete, replace, or exchange two neighbours (optimal string alignment).</summary>
    internal static int Distance(string a, string b)
    {
        if (a.Length > 64 || b.Length > 64)
        {
            return Math.Max(a.Length, b.Length);
        }

        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            table[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            table[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                var best = Math.Min(Math.Min(table[i - 1, j] + 1, table[i, j - 1] + 1), table[i - 1, j - 1] + replace);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    best = Math.Min(best, table[i - 2, j - 2] + 1);
                }

                table[i, j] = best;
            }
        }

        return table[a.Length, b.Length];
    }
}
