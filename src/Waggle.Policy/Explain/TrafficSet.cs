using System.Collections.Immutable;
using Waggle.Policy.Compile;

namespace Waggle.Policy.Explain;

/// <summary>Ports from <paramref name="First"/> to <paramref name="Last"/> of an IP protocol; for ICMP its types; 0 to 0 for protocols without ports.</summary>
/// <param name="Protocol">IP protocol number; 0 stands for all that have neither ports nor types.</param>
/// <param name="First">First port.</param>
/// <param name="Last">Last port.</param>
public readonly record struct TrafficRange(byte Protocol, ushort First, ushort Last)
{
    public override string ToString()
    {
        string name = Protocol switch { 6 => "TCP", 17 => "UDP", 132 => "SCTP", 1 => "ICMP", 58 => "ICMPv6", _ => "other protocols" };
        return Protocol == 0 || (First == 0 && Last == ushort.MaxValue) ? name : First == Last ? $"{First}/{name}" : $"{First}-{Last}/{name}";
    }
}

/// <summary>Which traffic passes: sorted ranges that do not touch.</summary>
internal sealed class TrafficSet(ImmutableArray<TrafficRange> ranges)
{
    private static readonly byte[] s_protocols = [1, 6, 17, 58, 132];

    public static TrafficSet All { get; } = new([new(0, 0, 0), .. s_protocols.Select(p => new TrafficRange(p, 0, ushort.MaxValue))]);

    public static TrafficSet None { get; } = new([]);

    public ImmutableArray<TrafficRange> Ranges => ranges;

    /// <summary>What a content lets pass.</summary>
    public static TrafficSet Of(Content content)
    {
        var ranges = ImmutableArray.CreateBuilder<TrafficRange>();
        if (content.Verdict.Decision.IsAllowed)
        {
            ranges.Add(new TrafficRange(0, 0, 0));
        }

        foreach (byte protocol in s_protocols)
        {
            var points = new SortedSet<int> { 0 };
            foreach (ContentRow row in content.Rows)
            {
                if (row.Protocol == protocol)
                {
                    points.Add(row.Port);
                    points.Add(row.Port + (1 << (16 - row.PrefixLength)));
                }
            }

            points.Remove(ushort.MaxValue + 1);
            int[] starts = [.. points];
            for (int i = 0; i < starts.Length; i++)
            {
                if (content.Evaluate(protocol, (ushort)starts[i]).Decision.IsAllowed)
                {
                    Append(ranges, new TrafficRange(protocol, (ushort)starts[i], (ushort)(i + 1 < starts.Length ? starts[i + 1] - 1 : ushort.MaxValue)));
                }
            }
        }

        return new TrafficSet(ranges.DrainToImmutable());
    }

    public TrafficSet And(TrafficSet other) => ReferenceEquals(this, All) ? other : ReferenceEquals(other, All) ? this : Combine(other, static (a, b) => a && b);

    /// <summary>What passes here but not there.</summary>
    public TrafficSet Without(TrafficSet other) => Combine(other, static (a, b) => a && !b);

    private TrafficSet Combine(TrafficSet other, Func<bool, bool, bool> keep)
    {
        var result = ImmutableArray.CreateBuilder<TrafficRange>();
        foreach (byte protocol in (ReadOnlySpan<byte>)[0, .. s_protocols])
        {
            TrafficRange[] mine = [.. ranges.Where(r => r.Protocol == protocol)], others = [.. other.Ranges.Where(r => r.Protocol == protocol)];
            var points = new SortedSet<int>(mine.Concat(others).SelectMany(r => (int[])[r.First, r.Last + 1])) { 0 };
            points.Remove(ushort.MaxValue + 1);
            int[] starts = [.. points];
            for (int i = 0; i < starts.Length; i++)
            {
                if (keep(Has(mine, starts[i]), Has(others, starts[i])))
                {
                    Append(result, new TrafficRange(protocol, (ushort)starts[i], (ushort)(protocol == 0 ? 0 : i + 1 < starts.Length ? starts[i + 1] - 1 : ushort.MaxValue)));
                }
            }
        }

        return new TrafficSet(result.DrainToImmutable());
    }

    private static bool Has(TrafficRange[] ranges, int port) => Array.Exists(ranges, r => port >= r.First && port <= r.Last);

    private static void Append(ImmutableArray<TrafficRange>.Builder ranges, TrafficRange range)
    {
        if (ranges.Count > 0 && ranges[^1].Protocol == range.Protocol && ranges[^1].Last + 1 == range.First)
        {
            ranges[^1] = ranges[^1] with { Last = range.Last };
        }
        else if (range.Protocol != 0 || ranges.Count == 0 || ranges[^1].Protocol != 0)
        {
            ranges.Add(range);
        }
    }
}
