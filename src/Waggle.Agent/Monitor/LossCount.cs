using Waggle.Datapath.Events;

namespace Waggle.Agent.Monitor;

/// <summary>
/// Events that are missing: there was no room in the ring buffer, the rate was over its limit, or the record cannot be read here. Each is
/// told once, also when the programs are replaced meanwhile.
/// </summary>
internal sealed class LossCount
{
    private ulong _kernel;
    private long _unread;

    /// <param name="present">What was lost before anybody was there to be told.</param>
    public LossCount(EventStatistics present) => _kernel = Kernel(present);

    /// <summary>The counters of the programs go on with their maps; those of a reader begin anew.</summary>
    public LossCount OfNextReader()
    {
        _unread = 0;
        return this;
    }

    /// <summary>What is missing since the last question.</summary>
    public ulong Take(EventStatistics now)
    {
        ulong kernel = Kernel(now);
        long unread = now.Malformed + now.Unknown;
        // A map of a new version counts from nothing.
        ulong lost = (kernel >= _kernel ? kernel - _kernel : kernel) + (ulong)(unread - _unread);
        (_kernel, _unread) = (kernel, unread);
        return lost;
    }

    private static ulong Kernel(EventStatistics statistics) => statistics.Lost + statistics.Limited;
}
