using System.Threading.Channels;

namespace Waggle.Lab.Controllers;

/// <summary>Keys that need work: each at most once in the queue, and never worked on twice at the same time.</summary>
public sealed class WorkQueue<TKey>(TimeProvider time)
    where TKey : notnull
{
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromMinutes(1);

    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly Lock _gate = new();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _working = [];
    private readonly HashSet<TKey> _again = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, (long Due, ITimer Timer)> _later = [];

    /// <summary>Asks for work on a key now.</summary>
    public void Add(TKey key)
    {
        lock (_gate)
        {
            if (_working.Contains(key))
            {
                _again.Add(key);
            }
            else if (_waiting.Add(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <summary>Asks for work on a key after a while; an earlier wish stands.</summary>
    public void AddAfter(TKey key, TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_gate)
        {
            var due = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
            if (_later.TryGetValue(key, out var before))
            {
                if (before.Due <= due)
                {
                    return;
                }

                before.Timer.Dispose();
            }

            _later[key] = (due, time.CreateTimer(_ => Fire(key, due), null, wait, Timeout.InfiniteTimeSpan));
        }
    }

    /// <summary>Works with so many workers until cancelled. A failing key comes back with back-off.</summary>
    public async Task RunAsync(int workers, Func<TKey, CancellationToken, Task> work, Action<TKey, Exception> failed, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(work, failed, cancellation))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            lock (_gate)
            {
                foreach (var (_, timer) in _later.Values)
                {
                    timer.Dispose();
                }

                _later.Clear();
            }
        }
    }

    private async Task WorkAsync(Func<TKey, CancellationToken, Task> work, Action<TKey, Exception> failed, CancellationToken cancellation)
    {
        while (true)
        {
            var key = await _ready.Reader.ReadAsync(cancellation).ConfigureAwait(false);
            lock (_gate)
            {
                _waiting.Remove(key);
                _working.Add(key);
            }

            try
            {
                await work(key, cancellation).ConfigureAwait(false);
                Done(key, null);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                failed(key, e);
                Done(key, e);
            }
        }
    }

    private void Done(TKey key, Exception? error)
    {
        lock (_gate)
        {
            _working.Remove(key);
            if (_again.Remove(key) && _waiting.Add(key))
            {
                _ready.Writer.TryWrite(key);
            }

            if (error is null)
            {
                _failures.Remove(key);
                return;
            }

            var failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
            var wait = Math.Min(MinBackoff.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 20)), MaxBackoff.TotalSeconds);
            AddAfter(key, TimeSpan.FromSeconds(wait));
        }
    }

    private void Fire(TKey key, long due)
    {
        lock (_gate)
        {
            if (_later.TryGetValue(key, out var entry) && entry.Due == due)
            {
                entry.Timer.Dispose();
                _later.Remove(key);
            }
        }

        Add(key);
    }
}
