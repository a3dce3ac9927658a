using Waggle.Hubble.Ring;

namespace Waggle.Hubble.Observing;

/// <summary>Flows per second, from the ring itself.</summary>
internal static class FlowRate
{
    private const long MinuteNs = 60_000_000_000;

    /// <summary>Over the last minute, or over the time that the ring covers if that is less.</summary>
    public static double Of(FlowRing ring, long nowNs)
    {
        ulong newest = ring.Newest, low = ring.Oldest, high = newest + 1;
        // Times rise with the numbers, nearly: the first record that is younger than a minute.
        var oldestNs = nowNs;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (ring.TryRead(middle, out var record) != RingRead.Read || record.TimeNs < nowNs - MinuteNs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
                oldestNs = record.TimeNs;
            }
        }

        var count = newest + 1 - Math.Min(low, newest + 1);
        var whole = low > ring.Oldest || newest < (ulong)ring.Capacity;
        var span = whole ? MinuteNs : Math.Max(1, nowNs - oldestNs);
        return count * 1e9 / span;
    }
}
