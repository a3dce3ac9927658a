using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Ring;

/// <summary>One reader's place in a ring, going forward. Records it was too slow for are counted, never skipped in silence.</summary>
public sealed class RingCursor(FlowRing ring, ulong next)
{
    private ulong _missed;

    /// <summary>Number of the record that is read next.</summary>
    public ulong Next { get; private set; } = Math.Max(1, next);

    /// <summary>The next record; false: there is none yet.</summary>
    public bool TryRead(out FlowRecord record)
    {
        while (true)
        {
            switch (ring.TryRead(Next, out record))
            {
                case RingRead.Read:
                    Next++;
                    return true;
                case RingRead.NotYet:
                    return false;
                default:
                    // Some distance from the writer's heels, or the next read fails again.
                    var newest = ring.Newest;
                    var oldest = ring.Oldest;
                    var target = Math.Min(newest, oldest + ((ulong)ring.Capacity / 8));
                    target = Math.Max(target, Next + 1);
                    _missed += target - Next;
                    Next = target;
                    break;
            }
        }
    }

    /// <summary>Records missed since the last question.</summary>
    public ulong TakeMissed()
    {
        var missed = _missed;
        _missed = 0;
        return missed;
    }

    /// <summary>Reads the last record once more next time, if there was one.</summary>
    public void StepBack(bool read) => Next -= read ? 1UL : 0;

    /// <summary>Ends when there is something to read.</summary>
    public ValueTask WaitAsync(CancellationToken cancellation) => ring.WaitNewerAsync(Next - 1, cancellation);
}
