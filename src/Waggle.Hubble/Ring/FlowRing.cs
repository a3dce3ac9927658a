using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Ring;

/// <summary>What a read of a sequence number gave.</summary>
public enum RingRead
{
    /// <summary>The record was copied.</summary>
    Read,

    /// <summary>Not written yet.</summary>
    NotYet,

    /// <summary>Overwritten meanwhile.</summary>
    Gone,
}

/// <summary>
/// The last 2^n−1 records of a node: one writer that never waits and never allocates, any number of readers without locks. One slot of
/// the 2^n is always the one being written; a reader copies a record and then looks whether the writer has come by in the meantime.
/// Sequence numbers start at 1.
/// </summary>
public sealed class FlowRing
{
    private readonly FlowRecord[] _slots;
    private readonly int _mask;
    private readonly ulong _uuidSeed;
    private readonly Lock _waitLock = new();
    private ulong _started;
    private ulong _written;
    private ulong _flows;
    private ulong _lost;
    private ulong _noted;
    private int _waiters;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="capacity">Records kept; must be 2^n−1, from 1 to 2^24−1.</param>
    /// <param name="uuidSeed">Makes this ring's uuids unlike those of others; not 0.</param>
    public FlowRing(int capacity, ulong uuidSeed)
    {
        if (!IsValidCapacity(capacity))
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "the capacity of the flow ring must be 2^n-1 (for example 4095), at most 16777215");
        }

        _slots = new FlowRecord[capacity + 1];
        _mask = capacity;
        _uuidSeed = uuidSeed;
    }

    /// <summary>Records kept.</summary>
    public int Capacity => _mask;

    /// <summary>Number of the newest record; 0: none yet.</summary>
    public ulong Newest => Volatile.Read(ref _written);

    /// <summary>Number of the oldest record still there; may be overwritten before it is read. 1 when the ring is empty.</summary>
    public ulong Oldest
    {
        get
        {
            var newest = Newest;
            return newest > (ulong)_mask ? newest - (ulong)_mask + 1 : 1;
        }
    }

    /// <summary>Records there are now.</summary>
    public ulong Count => Math.Min(Newest, (ulong)_mask);

    /// <summary>Flows written since the start (lost notes are not counted).</summary>
    public ulong FlowsSeen => Volatile.Read(ref _flows);

    /// <summary>Events of which it was noted that they are missing, since the start.</summary>
    public ulong EventsLost => Volatile.Read(ref _lost);

    /// <summary>Whether a number of records is one that a ring can have.</summary>
    public static bool IsValidCapacity(int capacity) => capacity is > 0 and < 1 << 24 && ((capacity + 1) & capacity) == 0;

    /// <summary>
    /// The slot for the next record, to be filled in place (it still holds the old one: overwrite or clear every field); then call
    /// <see cref="Publish"/>. One writer only.
    /// </summary>
    public ref FlowRecord Begin()
    {
        var next = _written + 1;
        // A full fence: readers must see that the slot is being written before they see any of its new bytes.
        Interlocked.Exchange(ref _started, next);
        return ref _slots[(int)next & _mask];
    }

    /// <summary>Ends what <see cref="Begin"/> began: numbers the record and shows it to readers.</summary>
    public void Publish()
    {
        var next = _started;
        ref var slot = ref _slots[(int)next & _mask];
        slot.Sequence = next;
        slot.UuidSeed = _uuidSeed;
        slot.NotedBefore = _noted;
        if (slot.Kind == FlowRecordKind.Flow)
        {
            _flows++;
        }
        else
        {
            _noted += slot.NotedHere;
        }

        // A full fence again, so that either the reader sees the record or the writer sees the waiting reader.
        Interlocked.Exchange(ref _written, next);
        if (_waiters > 0)
        {
            Wake();
        }
    }

    /// <summary>Copies a record in.</summary>
    public void Append(in FlowRecord record)
    {
        Begin() = record;
        Publish();
    }

    /// <summary>Notes that events are missing here.</summary>
    public void AppendLost(LostEventSource source, ulong count, long timeNs, NodeInfo node)
    {
        ref var slot = ref Begin();
        slot = default;
        slot.Kind = FlowRecordKind.Lost;
        slot.TimeNs = timeNs;
        slot.Node = node;
        slot.LostSource = source;
        slot.LostCount = count;
        Volatile.Write(ref _lost, _lost + count);
        slot.SourceEndpoint = slot.DestinationEndpoint = EndpointInfo.None;
        Publish();
    }

    /// <summary>Copies the record with this number.</summary>
    public RingRead TryRead(ulong sequence, out FlowRecord record)
    {
        record = default;
        if (sequence > Newest)
        {
            return RingRead.NotYet;
        }

        record = _slots[(int)sequence & _mask];
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _started) - sequence <= (ulong)_mask ? RingRead.Read : RingRead.Gone;
    }

    /// <summary>Ends when there is a record newer than this number.</summary>
    public async ValueTask WaitNewerAsync(ulong sequence, CancellationToken cancellation)
    {
        while (Newest <= sequence)
        {
            Task more;
            lock (_waitLock)
            {
                more = _more.Task;
                Interlocked.Increment(ref _waiters);
            }

            try
            {
                if (Newest <= sequence)
                {
                    await more.WaitAsync(cancellation).ConfigureAwait(false);
                }
            }
            finally
            {
                Interlocked.Decrement(ref _waiters);
            }
        }
    }

    private void Wake()
    {
        TaskCompletionSource waiting;
        lock (_waitLock)
        {
            waiting = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.TrySetResult();
    }
}
