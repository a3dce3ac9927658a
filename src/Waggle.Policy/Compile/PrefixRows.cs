namespace Waggle.Policy.Compile;

/// <summary>One row of a class: a prefix of ports of a protocol, and its verdict.</summary>
internal readonly record struct ContentRow(byte Protocol, byte PrefixLength, ushort Port, Verdict Verdict);

/// <summary>Ports from <paramref name="Start"/> up to the next segment have this verdict.</summary>
internal readonly record struct Segment(int Start, Verdict Verdict);

/// <summary>Writes what holds for each port as few prefixes, of which the longest that matches is the verdict.</summary>
/// <remarks>
/// Each prefix length in use costs every new connection a look-up, so ranges are cut in steps of four bits: at most five lengths for any
/// policy. Only where that takes very many rows are they cut bit by bit.
/// </remarks>
internal static class PrefixRows
{
    private const int End = 65536;
    private const int ManyRows = 1024;

    /// <summary>Adds the rows of a protocol.</summary>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="segments">What holds: sorted, the first from 0, neighbours different.</param>
    /// <param name="otherwise">What holds without any row.</param>
    /// <param name="rows">Where to add.</param>
    public static void Add(byte protocol, List<Segment> segments, Verdict otherwise, List<ContentRow> rows)
    {
        int step = 4;
        int[] costs = Costs(segments, step);
        if (costs.Sum() > ManyRows)
        {
            step = 1;
            costs = Costs(segments, step);
        }

        Verdict background = Background(segments, costs, otherwise);
        if (background != otherwise)
        {
            rows.Add(new ContentRow(protocol, 0, 0, background));
        }

        for (int i = 0; i < segments.Count; i++)
        {
            if (segments[i].Verdict != background)
            {
                Cut(segments[i].Start, EndOf(segments, i), step, (port, length) => rows.Add(new ContentRow(protocol, (byte)length, (ushort)port, segments[i].Verdict)));
            }
        }
    }

    /// <summary>The verdict that saves the most rows when it needs none of its own.</summary>
    private static Verdict Background(List<Segment> segments, int[] costs, Verdict otherwise)
    {
        var saved = new Dictionary<Verdict, int> { [otherwise] = 1 };
        for (int i = 0; i < segments.Count; i++)
        {
            saved[segments[i].Verdict] = saved.GetValueOrDefault(segments[i].Verdict) + costs[i];
        }

        Verdict best = otherwise;
        foreach ((Verdict verdict, int rows) in saved)
        {
            if (rows > saved[best])
            {
                best = verdict;
            }
        }

        return best;
    }

    private static int[] Costs(List<Segment> segments, int step)
    {
        int[] costs = new int[segments.Count];
        for (int i = 0; i < costs.Length; i++)
        {
            int count = 0;
            Cut(segments[i].Start, EndOf(segments, i), step, (_, _) => count++);
            costs[i] = count;
        }

        return costs;
    }

    private static int EndOf(List<Segment> segments, int index) => index + 1 < segments.Count ? segments[index + 1].Start : End;

    /// <summary>The fewest prefixes of lengths 0, step, 2 × step … 16 that together are [start, end).</summary>
    private static void Cut(int start, int end, int step, Action<int, int> take)
    {
        while (start < end)
        {
            int length = 16, size = 1;
            while (length > 0 && start % (size << step) == 0 && start + (size << step) <= end)
            {
                size <<= step;
                length -= step;
            }

            take(start, length);
            start += size;
        }
    }
}
