using Waggle.Hubble.Observing;

namespace Waggle.Hubble.Relay;

/// <summary>
/// Where in the merge something belongs that a node says: at its time, unless that time would hold up others. What is far ahead of the
/// relay's clock, and what comes long after its time went out, is placed at the moment it came; the time in the message stays.
/// </summary>
internal sealed class RelayTimes(QueryWindow window, TimeMerge merge, long startNs, TimeProvider time)
{
    /// <summary>Clocks of nodes differ by less than this.</summary>
    private const long SkewNs = 10_000_000_000;

    /// <summary>Those who ask for no history get none.</summary>
    private readonly long _floorNs = window.HasSince || window.Number > 0 ? long.MinValue : startNs - SkewNs;
    private long _aheadNs = startNs + SkewNs;

    /// <summary>Finds the place; false: it must not be taken, an answer that ends has nothing from later.</summary>
    /// <param name="timeNs">What the node says.</param>
    /// <param name="placeNs">Time to merge it by.</param>
    /// <param name="isAhead">Whether the node's clock is ahead.</param>
    public bool TryPlace(long timeNs, out long placeNs, out bool isAhead)
    {
        (placeNs, isAhead) = (timeNs, false);
        if (!window.Follow)
        {
            return timeNs <= startNs + SkewNs;
        }

        if (timeNs > Volatile.Read(ref _aheadNs))
        {
            var now = Now();
            Volatile.Write(ref _aheadNs, now + SkewNs);
            if (timeNs - SkewNs > now)
            {
                (placeNs, isAhead) = (now, true);
            }
        }
        else if (timeNs < _floorNs || timeNs < merge.EmittedNs - SkewNs)
        {
            placeNs = Now();
        }

        return true;
    }

    private long Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
}
