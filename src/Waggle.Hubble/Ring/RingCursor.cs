using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Ring;

/// <summary>One reader's place in a ring, going forward. Records it was too slow for are counted, never skipped in silence.</summary>
public sealed class RingCursor(FlowRing ring, ulong next)
{
    private ulong _missed;
    private ulong? _noted = NotedBefore(ring, Math.Max(1, next));
    private ulong _notedBefore;
    private bool _skipped;

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
                    if (_skipped && _noted is { } noted)
                    {
                        // A note of lost events stands for all of them.
                        _missed += record.NotedBefore - noted;
                    }

                    (_skipped, _notedBefore, _noted) = (false, record.NotedBefore, record.NotedBefore + record.NotedHere);
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
                    _skipped = true;
                    Next = target;
                    break;
            }
        }
    }

    /// <summary>Events missed since the last question: the records, and what notes among them say was lost before.</summary>
    public ulong TakeMissed()
    {
        var missed = _missed;
        _missed = 0;
        return missed;
    }

    /// <summary>Reads the last record once more next time, if there was one.</summary>
    public void StepBack(bool read)
    {
        if (read)
        {
            Next--;
            _noted = _notedBefore;
        }
    }

    /// <summary>What notes before a place stand for; null: nothing is left that knows.</summary>
    private static ulong? NotedBefore(FlowRing ring, ulong next) =>
        next == 1 ? 0
        : ring.TryRead(next, out FlowRecord record) == RingRead.Read ? record.NotedBefore
        : ring.TryRead(next - 1, out record) == RingRead.Read ? record.NotedBefore + record.NotedHere
        : null;

    /// <summary>Ends when there is something to read.</summary>
    public ValueTask WaitAsync(CancellationToken cancellation) => ring.WaitNewerAsync(Next - 1, cancellation);
}
