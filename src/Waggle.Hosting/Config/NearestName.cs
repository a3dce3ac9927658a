namespace Waggle.Hosting.Config;

/// <summary>The "did you mean" of configuration errors.</summary>
public static class NearestName
{
    /// <summary>The candidate with the smallest edit distance, or null when none is near enough to be a likely slip.</summary>
    public static string? Find(string typed, IEnumerable<string> candidates)
    {
        // A third of the letters may differ: enough for a slip in a long key, too little to suggest something unrelated.
        int limit = Math.Max(2, typed.Length / 3);
        string? best = null;
        int bestDistance = limit + 1;
        if (typed.Length > 128)
        {
            return null;
        }

        foreach (string candidate in candidates)
        {
            int distance = Distance(typed, candidate);
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    internal static int Distance(string a, string b)
    {
        int[] previous = new int[b.Length + 1], current = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
