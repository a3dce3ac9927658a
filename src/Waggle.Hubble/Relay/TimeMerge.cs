using System.Diagnostics.CodeAnalysis;

namespace Waggle.Hubble.Relay;

/// <summary>
/// Joins streams by time. An item goes out when no stream can have an older one, as far as it is worth waiting: every other stream
/// shows a younger head, is over, or has been silent for a while; or the item itself has waited that long. Live items that find the
/// buffers full go at once: order is best effort then, speed is not. Memory: the sources' buffers. One reader; sources may be added.
/// </summary>
/// <param name="liveFromNs">Items from this time on are live, those before are history; <see cref="long.MaxValue"/>: all is history.</param>
/// <param name="hold">How long live items wait.</param>
/// <param name="patience">How long history waits.</param>
/// <param name="time">Clock.</param>
internal sealed class TimeMerge(long liveFromNs, TimeSpan hold, TimeSpan patience, TimeProvider time) : IDisposable
{
    private readonly List<MergeSource> _sources = [];
    private readonly List<MergeSource> _empty = [];
    private readonly PriorityQueue<MergeSource, long> _heads = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private int _full;
    private long _emittedNs = long.MinValue / 2;

    /// <summary>Streams that are not over.</summary>
    public IReadOnlyList<MergeSource> Sources => _sources;

    /// <summary>Latest time that went out, ns since 1970.</summary>
    public long EmittedNs => Volatile.Read(ref _emittedNs);

    /// <summary>Adds a stream; called by the reader.</summary>
    public void Add(MergeSource source)
    {
        source.EmptySince = time.GetTimestamp();
        _sources.Add(source);
        _empty.Add(source);
    }

    /// <summary>Called by a source's own task: hands messages over, waits while its buffer is full. The batch is the merge's from then on.</summary>
    public async ValueTask PutAsync(MergeSource source, RelayBatch batch, CancellationToken cancellation)
    {
        batch.Arrived = time.GetTimestamp();
        if (source.TryPut(batch) is not { } room)
        {
            Wake();
            return;
        }

        Interlocked.Increment(ref _full);
        try
        {
            do
            {
                Wake();
                await room.WaitAsync(cancellation).ConfigureAwait(false);
            }
            while ((room = source.TryPut(batch)) is not null);
        }
        finally
        {
            Interlocked.Decrement(ref _full);
        }

        Wake();
    }

    /// <summary>Something new lies in a source's buffer, or it is over.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount > 0)
        {
            return;
        }

        try
        {
            _wake.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Another was quicker and the reader will look, or nobody reads any more.
        }
    }

    public void Dispose() => _wake.Dispose();

    /// <summary>The source whose head may go out now; then call <see cref="Advance"/>.</summary>
    public bool TryPeek([NotNullWhen(true)] out MergeSource? source)
    {
        if (_empty.Count > 0)
        {
            Refill();
        }

        return _heads.TryPeek(out source, out _) && MayGo(source);
    }

    /// <summary>Goes on; the head that was peeked at is gone.</summary>
    public void Advance(MergeSource source)
    {
        if (source.HeadNs > _emittedNs)
        {
            Volatile.Write(ref _emittedNs, source.HeadNs);
        }

        if (source.Next())
        {
            _heads.DequeueEnqueue(source, source.HeadNs);
            return;
        }

        _heads.Dequeue();
        source.EmptySince = time.GetTimestamp();
        _empty.Add(source);
    }

    /// <summary>Ends when it is worth looking again: something came, or somebody was waited for long enough.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _wake.WaitAsync(_heads.Count == 0 ? patience : hold < patience ? hold : patience, cancellation);

    /// <summary>How long a stream has shown nothing.</summary>
    public TimeSpan Silence(MergeSource source) => !source.HasHead ? time.GetElapsedTime(source.EmptySince) : TimeSpan.Zero;

    private void Refill()
    {
        for (var i = _empty.Count - 1; i >= 0; i--)
        {
            var source = _empty[i];
            if (source.Next())
            {
                _heads.Enqueue(source, source.HeadNs);
                source.Quiet = false;
                _empty.RemoveAt(i);
            }
            else if (source.IsOver)
            {
                _empty.RemoveAt(i);
                _sources.Remove(source);
            }
        }
    }

    private bool MayGo(MergeSource first)
    {
        if (_empty.Count == 0)
        {
            return true;
        }

        var live = first.HeadNs >= liveFromNs;
        var wait = live ? hold : patience;
        if ((live && Volatile.Read(ref _full) > 0) || time.GetElapsedTime(first.HeadArrived) >= wait)
        {
            return true;
        }

        foreach (var source in _empty)
        {
            if (!source.Quiet)
            {
                if (time.GetElapsedTime(source.EmptySince) < wait)
                {
                    return false;
                }

                source.Quiet = true;
            }
        }

        return true;
    }
}
