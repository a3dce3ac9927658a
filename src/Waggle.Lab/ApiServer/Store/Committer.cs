namespace Waggle.Lab.ApiServer;

/// <summary>The single thread that writes the journal: gathers what has queued up, syncs once for all of it, then publishes and acknowledges.</summary>
internal sealed class Committer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ObjectStore _store;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Entry> _queue = [];
    private Task _last = Task.CompletedTask;
    private bool _closing;

    public Committer(ObjectStore store)
    {
        _store = store;
        new Thread(Run) { IsBackground = true, Name = "api-journal" }.Start();
    }

    /// <summary>The newest accepted change: when it is on disk, or was refused, so is everything before it.</summary>
    public Task Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    public Task<StoredObject> Enqueue(StoreChange change)
    {
        var entry = new Entry(change, new TaskCompletionSource<StoredObject>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (_closing)
            {
                return Task.FromException<StoredObject>(ApiException.Unavailable("the API server is shutting down"));
            }
            _queue.Add(entry);
            _last = entry.Done.Task;
            if (_queue.Count == 1)
            {
                _wake.Release();
            }
        }
        return entry.Done.Task;
    }

    /// <summary>Refuses everything that is queued; called while the head is being reset.</summary>
    public void FailQueued()
    {
        List<Entry> failed;
        lock (_lock)
        {
            failed = _queue;
            _queue = [];
        }
        foreach (var entry in failed)
        {
            entry.Done.TrySetException(ApiException.Unavailable("an earlier write to the journal failed; please try again"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closing = true;
        }
        _wake.Release();
        await _ended.Task;
        _wake.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            List<Entry> batch;
            bool closing;
            lock (_lock)
            {
                batch = _queue;
                _queue = [];
                closing = _closing;
            }
            if (batch.Count > 0)
            {
                Commit(batch);
            }
            if (closing)
            {
                _ended.SetResult();
                return;
            }
        }
    }

    private void Commit(List<Entry> batch)
    {
        var changes = batch.ConvertAll(e => e.Change);
        try
        {
            _store.Persist(changes);
        }
        catch (Exception e) when (e is IOException or StoreFullException or UnauthorizedAccessException)
        {
            _store.LogWriteFailure(e);
            _store.RollBack();
            foreach (var entry in batch)
            {
                entry.Done.TrySetException(e is StoreFullException ? e : new StoreException($"the API server's journal cannot be written: {e.Message}", e));
            }
            return;
        }
        _store.Publish(changes);
        foreach (var entry in batch)
        {
            entry.Done.TrySetResult(entry.Change.Current);
        }
    }

    private sealed record Entry(StoreChange Change, TaskCompletionSource<StoredObject> Done);
}
