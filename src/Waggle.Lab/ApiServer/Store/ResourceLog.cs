using System.Collections.Immutable;

namespace Waggle.Lab.ApiServer;

/// <summary>The objects of one resource and the window of their latest changes, from which watches are served.</summary>
internal sealed class ResourceLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StoredObject?> _pending = [];
    private readonly Queue<ChangeNode> _window = new();
    private readonly List<StoreWatch> _watches = [];
    private readonly int _windowSize;
    private ImmutableSortedSet<StoredObject> _visible;
    private ChangeNode _tail;
    private bool _closed;

    public ResourceLog(string resource, ImmutableSortedSet<StoredObject> objects, long revision, int windowSize)
    {
        Resource = resource;
        _visible = objects;
        _windowSize = windowSize;
        LastRevision = revision;
        _tail = new ChangeNode(null, 0);
        // Changes up to this revision are not in the window: a watch from before it must list again.
        OldestWatchable = revision;
    }

    public string Resource { get; }

    public long LastRevision { get; private set; }

    public long OldestWatchable { get; private set; }

    public ImmutableSortedSet<StoredObject> Visible => Volatile.Read(ref _visible);

    /// <summary>The visible objects and the revision of the newest change in them.</summary>
    public (ImmutableSortedSet<StoredObject> Objects, long Revision) Read()
    {
        lock (_lock)
        {
            return (_visible, LastRevision);
        }
    }

    /// <summary>The newest accepted state: pending first, then visible.</summary>
    public StoredObject? FindHead(string key)
    {
        lock (_lock)
        {
            return _pending.TryGetValue(key, out var pending) ? pending : _visible.TryGetValue(new StoredObject(key), out var found) ? found : null;
        }
    }

    public void SetHead(string key, StoredObject? value)
    {
        lock (_lock)
        {
            _pending[key] = value;
        }
    }

    public void ResetHead()
    {
        lock (_lock)
        {
            _pending.Clear();
        }
    }

    public void Publish(StoreChange change)
    {
        ChangeNode previous;
        List<StoreWatch>? late = null;
        lock (_lock)
        {
            var key = change.Current.Key;
            var without = change.Previous is null ? _visible : _visible.Remove(change.Previous);
            _visible = change.Kind == ChangeKind.Put ? without.Add(change.Current) : without;
            // A newer change of the same object may already be accepted: then the head stays the newer one.
            if (_pending.TryGetValue(key, out var head) && (head is null ? change.Kind == ChangeKind.Delete : ReferenceEquals(head, change.Current)))
            {
                _pending.Remove(key);
            }
            LastRevision = change.Revision;
            previous = _tail;
            _tail = new ChangeNode(change, previous.Sequence + 1);
            _window.Enqueue(_tail);
            while (_window.Count > _windowSize)
            {
                OldestWatchable = _window.Dequeue().Change!.Revision;
            }
            foreach (var watch in _watches)
            {
                if (_tail.Sequence - watch.Position > _windowSize)
                {
                    (late ??= []).Add(watch);
                }
            }
        }
        previous.SetNext(_tail);
        foreach (var watch in late ?? [])
        {
            watch.Expire();
        }
    }

    /// <summary>Starts a watch with the first change after <paramref name="revision"/>; null when that is no longer in the window.</summary>
    public StoreWatch? Watch(long revision)
    {
        lock (_lock)
        {
            if (revision < OldestWatchable && LastRevision > revision)
            {
                return null;
            }
            var start = _tail;
            if (LastRevision > revision)
            {
                start = null;
                ChangeNode? before = null;
                foreach (var node in _window)
                {
                    if (node.Change!.Revision > revision)
                    {
                        start = before ?? ChangeNode.Before(node);
                        break;
                    }
                    before = node;
                }
                start ??= _tail;
            }
            var watch = new StoreWatch(this, start);
            _watches.Add(watch);
            if (_closed)
            {
                watch.Expire();
            }
            return watch;
        }
    }

    /// <summary>The visible objects and a watch that continues exactly after them.</summary>
    public (ImmutableSortedSet<StoredObject> Objects, long Revision, StoreWatch Watch) WatchFromNow(long storeRevision)
    {
        lock (_lock)
        {
            var watch = new StoreWatch(this, _tail);
            _watches.Add(watch);
            return (_visible, Math.Max(LastRevision, storeRevision), watch);
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var watch in _watches)
            {
                watch.Expire();
            }
        }
    }

    internal void Remove(StoreWatch watch)
    {
        lock (_lock)
        {
            _watches.Remove(watch);
        }
    }
}

/// <summary>A link in the chain of changes; a watch holds one and waits for the next.</summary>
internal sealed class ChangeNode(StoreChange? change, long sequence)
{
    private static readonly TaskCompletionSource s_done = Done();
    private TaskCompletionSource? _signal;
    private ChangeNode? _next;

    public StoreChange? Change { get; } = change;

    public long Sequence { get; } = sequence;

    public ChangeNode? Next => Volatile.Read(ref _next);

    /// <summary>A link in front of a node of the window, for a watch that begins with that node.</summary>
    public static ChangeNode Before(ChangeNode node) => new(null, node.Sequence - 1) { _next = node };

    public void SetNext(ChangeNode next)
    {
        Volatile.Write(ref _next, next);
        var signal = Interlocked.Exchange(ref _signal, s_done);
        signal?.TrySetResult();
    }

    /// <summary>Completes when there is a next link.</summary>
    public Task WaitAsync()
    {
        var signal = Volatile.Read(ref _signal);
        if (signal is null)
        {
            var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            signal = Interlocked.CompareExchange(ref _signal, made, null) ?? made;
        }
        return signal.Task;
    }

    private static TaskCompletionSource Done()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}

/// <summary>A reader of the changes of one resource. Not safe for use by several threads at once.</summary>
internal sealed class StoreWatch(ResourceLog log, ChangeNode position) : IDisposable
{
    private readonly CancellationTokenSource _expired = new();
    private ChangeNode _position = position;
    private long _sequence = position.Sequence;

    public long Position => Volatile.Read(ref _sequence);

    /// <summary>Signalled when the watch fell too far behind (or the store closes): it must end.</summary>
    public CancellationToken Expired => _expired.Token;

    /// <summary>The next change when there is one.</summary>
    public bool TryNext(out StoreChange change)
    {
        if (_position.Next is { } next)
        {
            _position = next;
            Volatile.Write(ref _sequence, next.Sequence);
            change = next.Change!;
            return true;
        }
        change = null!;
        return false;
    }

    public Task WaitAsync() => _position.WaitAsync();

    public void Expire() => _ = _expired.CancelAsync();

    public void Dispose()
    {
        log.Remove(this);
        _expired.Dispose();
    }
}
