using System.Diagnostics;

namespace Waggle.Agent.Hubble;

/// <summary>The programs' clock (CLOCK_MONOTONIC) as time of day. The difference is measured again now and then: the time of day may be set.</summary>
internal sealed class FlowClock
{
    private const long RefreshNs = 1_000_000_000;
    private long _offset = Measure();
    private long _measured;

    /// <summary>ns since 1970 of a moment of the monotonic clock; called on one thread.</summary>
    public long UnixNs(ulong monotonicNs)
    {
        if ((long)monotonicNs - _measured > RefreshNs)
        {
            _measured = (long)monotonicNs;
            _offset = Measure();
        }

        return (long)monotonicNs + _offset;
    }

    /// <summary>ns since 1970 now.</summary>
    public static long NowNs() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    // Stopwatch ticks are nanoseconds of CLOCK_MONOTONIC on Linux.
    private static long Measure() => NowNs() - (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
}
