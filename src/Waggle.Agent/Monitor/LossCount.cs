using Waggle.Datapath.Events;

namespace Waggle.Agent.Monitor;

/// <summary>
/// Events that one reader misses: there was no room in the ring buffer, the rate was over its limit, or the record cannot be read here.
/// Each is told once, also when the programs are replaced, or the agent is.
/// </summary>
/// <param name="told">What the counters of the programs had when it was told last, by whom so ever.</param>
internal sealed class LossCount(ulong told)
{
    private long _unread;

    /// <summary>How much of the programs' counters was told.</summary>
    public ulong Told { get; private set; } = told;

    /// <summary>What is missing since the last question.</summary>
    public ulong Take(EventStatistics now)
    {
        ulong kernel = now.Lost + now.Limited;
        long unread = now.Malformed + now.Unknown;
        // They never count back; but whoever empties the map does.
        ulong lost = (kernel >= Told ? kernel - Told : kernel) + (ulong)(unread - _unread);
        (Told, _unread) = (kernel, unread);
        return lost;
    }
}
