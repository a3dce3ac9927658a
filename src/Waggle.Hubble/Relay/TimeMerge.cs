namespace Waggle.Hubble.Relay;

/// <summary>
/// Joins streams by time. An item goes out when no stream can have an older one, as far as it is worth waiting: every other stream
/// shows a younger head, is over, or has been silent for a while; or the item itself has waited that long. Live items that find the
/// buffers full go at once: order is best effort then, speed is not. Memory: the sources' buffers. One reader; sources may be added.
/// </summary>
/// <param name="timeNs">Time of an item, ns since 1970.</param>
/// <param name="liveFromNs">Items from this time on are live, those before are history; <see cref="long.MaxValue"/>: all is history.</param>
/// <param name="hold">How long live items wait.</param>
/// <param name="patience">How long history waits.</param>
/// <param name="time">Clock.</param>
internal sealed class TimeMerge<T>(Func<T, long> timeNs, long liveFromNs, TimeSpan hold, TimeSpan patience, TimeProvider time) : IDisposable
    where T : class
{
    private readonly List<MergeSource<T>> _sources = [];
    private readonly List<MergeSource<T>> _empty = [];
    private readonly PriorityQueue<MergeSource<T>, long> _heads = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private int _full;

    /// <summary>Streams that are not over.</summary>
    public IReadOnlyList<MergeSource<T>> Sources => _sources;

    /// <summary>Adds a stream; called by the reader.</summary>
    public void Add(MergeSource<T> source)
    {
        source.EmptySince = time.GetTimestamp();
        _sources.Add(source);
        _empty.Add(source);
    }

    /// <summary>Called by a source's own task: hands over an item, waits while its buffer is full.</summary>
    public ValueTask PutAsync(MergeSource<T> source, T item, CancellationToken cancellation)
    {
        var entry = (item, time.GetTimestamp());
        if (source.Writer.TryWrite(entry))
        {
            Wake();
            return ValueTask.CompletedTask;
        }

        return WaitForRoomAsync(source, entry, cancellation);
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

    /// <summary>The next item if it may go out now.</summary>
    public bool TryTake(out T? item, out MergeSource<T>? source)
    {
        Refill();
        item = null;
        if (!_heads.TryPeek(out source, out _) || !MayGo(source))
        {
            return false;
        }

        _heads.Dequeue();
        item = source.Head;
        source.Head = null;
        if (!Next(source))
        {
            source.EmptySince = time.GetTimestamp();
            _empty.Add(source);
        }

        return true;
    }

    /// <summary>Ends when it is worth looking again: something came, or somebody was waited for long enough.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _wake.WaitAsync(_heads.Count == 0 ? patience : hold < patience ? hold : patience, cancellation);

    /// <summary>How long a stream has shown nothing.</summary>
    public TimeSpan Silence(MergeSource<T> source) => source.Head is null ? time.GetElapsedTime(source.EmptySince) : TimeSpan.Zero;

    private async ValueTask WaitForRoomAsync(MergeSource<T> source, (T, long) entry, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _full);
        Wake();
        try
        {
            await source.Writer.WriteAsync(entry, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _full);
        }
    }

    private void Refill()
    {
        for (var i = _empty.Count - 1; i >= 0; i--)
        {
            var source = _empty[i];
            if (Next(source))
            {
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

    private bool Next(MergeSource<T> source)
    {
        if (!source.Reader.TryRead(out var entry))
        {
            return false;
        }

        (source.Head, source.HeadArrived) = entry;
        source.HeadNs = timeNs(entry.Item);
        _heads.Enqueue(source, source.HeadNs);
        return true;
    }

    private bool MayGo(MergeSource<T> first)
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
