namespace Waggle.Hubble.Observing;

/// <summary>The last events of a rare kind (agent events, debug events), with numbers, for readers that follow.</summary>
public sealed class EventRing<T>(int capacity)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Queue<(long TimeNs, T Event)> _events = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _newest;

    /// <summary>Adds one; the oldest goes when the ring is full.</summary>
    public void Add(long timeNs, T item)
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            if (_events.Count >= capacity)
            {
                _events.Dequeue();
            }

            _events.Enqueue((timeNs, item));
            _newest++;
            waiting = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.TrySetResult();
    }

    /// <summary>All events newer than a number, the newest number, and what ends when there are more.</summary>
    public (IReadOnlyList<(long TimeNs, T Event)> Events, ulong Newest, Task More) After(ulong number)
    {
        lock (_lock)
        {
            var count = (int)Math.Min((ulong)_events.Count, _newest - Math.Min(number, _newest));
            return ([.. _events.Skip(_events.Count - count)], _newest, _more.Task);
        }
    }
}
