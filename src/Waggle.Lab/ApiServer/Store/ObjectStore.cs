using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// All objects of the cluster: in memory for reading, in a journal for keeping. A write is acknowledged and becomes visible
/// only after it is on disk.
/// </summary>
/// <remarks>
/// Writers see the head (accepted, maybe not yet on disk) and conflict on it; readers and watchers see what is on disk.
/// One committer gathers what has queued up, writes it as one journal frame, syncs once, and publishes (group commit).
/// </remarks>
internal sealed class ObjectStore : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceLog> _resources = [];
    private readonly Journal _journal;
    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly Committer _committer;
    private long _headRevision;
    private long _visibleRevision;
    private long _rollBacks;

    private ObjectStore(StoreOptions options, Journal journal, RecoveredState state, ILogger logger)
    {
        _options = options;
        _journal = journal;
        _logger = logger;
        _headRevision = _visibleRevision = state.Revision;
        foreach (var (resource, objects) in state.Resources)
        {
            _resources[resource] = new ResourceLog(resource, objects, state.Revision, options.WatchWindow);
        }
        _committer = new Committer(this);
    }

    /// <summary>Revision of the newest change that is on disk.</summary>
    public long Revision => Volatile.Read(ref _visibleRevision);

    /// <exception cref="StoreException">The directory is unusable or a file is damaged before its end.</exception>
    public static ObjectStore Open(StoreOptions options, ILogger logger)
    {
        var (journal, state) = Journal.Recover(options, logger);
        return new ObjectStore(options, journal, state, logger);
    }

    /// <summary>The visible objects of a resource (e.g. <c>pods</c>, <c>deployments.apps</c>), with the store's revision.</summary>
    public ResourceSnapshot Snapshot(string resource)
    {
        var revision = Revision;
        // The store's revision is read first, so every change up to it is in the objects.
        var (objects, last) = Log(resource).Read();
        return new ResourceSnapshot(objects, Math.Max(revision, last));
    }

    /// <summary>The newest accepted state, to build a change upon. It may not be on disk yet.</summary>
    public StoredObject? Head(string resource, string key) => Log(resource).FindHead(key);

    /// <summary>Called with each change after it is on disk and before anybody can see it, in the order of the changes, by one thread. Must not throw.</summary>
    public Action<StoreChange>? Publishing { get; set; }

    /// <summary>Counts how often accepted changes were taken back; see <see cref="SettleAsync"/>.</summary>
    public long RollBacks => Interlocked.Read(ref _rollBacks);

    /// <summary>
    /// Waits until everything accepted so far is on disk and visible. An answer that was built on <see cref="Head"/> ("exists already",
    /// "has changed", "nothing to do") must not reach a client before its reason does: the client would look, and find something else.
    /// </summary>
    /// <param name="rollBacks"><see cref="RollBacks"/> before the head was looked at.</param>
    /// <exception cref="ApiException">503: something accepted was taken back meanwhile, perhaps what the answer was built on.</exception>
    public async Task SettleAsync(long rollBacks)
    {
        // Failures are told to those whose changes failed; here only the end of the waiting counts.
        await _committer.Last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (RollBacks != rollBacks)
        {
            throw ApiException.Unavailable("the change this answer depends on could not be stored; please try again");
        }
    }

    public ResourceLog Log(string resource)
    {
        lock (_lock)
        {
            if (!_resources.TryGetValue(resource, out var log))
            {
                log = new ResourceLog(resource, ResourceSnapshot.Empty.Objects, _visibleRevision, _options.WatchWindow);
                _resources[resource] = log;
            }
            return log;
        }
    }

    /// <summary>Stores an object if it still is at <paramref name="expected"/>, the revision the change was built upon; 0: it must not exist.</summary>
    /// <remarks><paramref name="tree"/> becomes the stored tree: the caller must not touch it afterwards.</remarks>
    /// <exception cref="RevisionConflictException">Someone else was faster.</exception>
    /// <exception cref="StoreFullException">No space on the disk.</exception>
    public Task<StoredObject> PutAsync(string resource, string @namespace, string name, long expected, JsonObject tree)
    {
        var log = Log(resource);
        var key = StoredObject.KeyOf(@namespace, name);
        lock (_lock)
        {
            var head = log.FindHead(key);
            if ((head?.Revision ?? 0) != expected)
            {
                return Task.FromException<StoredObject>(new RevisionConflictException(head));
            }
            var revision = ++_headRevision;
            J.Ensure(tree, "metadata")["resourceVersion"] = revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var json = JsonText.Write(tree);
            if (json.Length > _options.MaxObjectBytes)
            {
                return Task.FromException<StoredObject>(ApiException.TooLarge($"the object would be {json.Length} bytes, more than the limit of {_options.MaxObjectBytes}"));
            }
            var stored = new StoredObject(@namespace, name, revision, json, tree);
            log.SetHead(key, stored);
            return _committer.Enqueue(new StoreChange(ChangeKind.Put, resource, stored, head));
        }
    }

    /// <summary>Removes an object if it still is at <paramref name="expected"/>; answers its last state with the revision of the deletion.</summary>
    /// <exception cref="RevisionConflictException">Someone else was faster, or it does not exist.</exception>
    public Task<StoredObject> DeleteAsync(string resource, string key, long expected)
    {
        var log = Log(resource);
        lock (_lock)
        {
            var head = log.FindHead(key);
            if (head is null || head.Revision != expected)
            {
                return Task.FromException<StoredObject>(new RevisionConflictException(head));
            }
            var revision = ++_headRevision;
            var tree = (JsonObject)head.Tree.DeepClone();
            J.Ensure(tree, "metadata")["resourceVersion"] = revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var last = new StoredObject(head.Namespace, head.Name, revision, JsonText.Write(tree), tree);
            log.SetHead(key, null);
            return _committer.Enqueue(new StoreChange(ChangeKind.Delete, resource, last, head));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _committer.DisposeAsync();
        _journal.Dispose();
        lock (_lock)
        {
            foreach (var log in _resources.Values)
            {
                log.Close();
            }
        }
    }

    /// <summary>Called by the committer with a batch that is about to be acknowledged.</summary>
    internal void Persist(IReadOnlyList<StoreChange> batch)
    {
        _journal.Append(batch);
    }

    internal void Publish(IReadOnlyList<StoreChange> batch)
    {
        foreach (var change in batch)
        {
            Publishing?.Invoke(change);
            Log(change.Resource).Publish(change);
        }
        Volatile.Write(ref _visibleRevision, batch[^1].Revision);
        if (_journal.Size > _options.SnapshotAfterBytes)
        {
            lock (_lock)
            {
                _journal.Rotate(_visibleRevision, _resources.ToDictionary(r => r.Key, r => r.Value.Visible));
            }
        }
    }

    /// <summary>Takes back accepted changes that did not reach the disk, and everything built upon them.</summary>
    /// <returns>The changes that were queued behind them; they fail with the same error.</returns>
    internal void RollBack()
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _rollBacks);
            _committer.FailQueued();
            foreach (var log in _resources.Values)
            {
                log.ResetHead();
            }
            // Revisions are not reused: a client may have seen none of them, but gaps harm nobody.
        }
    }

    internal void LogWriteFailure(Exception error) => _logger.StoreWriteFailed(error);
}

/// <summary>Limits and places of an <see cref="ObjectStore"/>.</summary>
internal sealed record StoreOptions(string Directory)
{
    public int WatchWindow { get; init; } = 4096;

    public int MaxObjectBytes { get; init; } = 1536 * 1024;

    public long SnapshotAfterBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Brings what was written to the disk.</summary>
    public Action<SafeFileHandle> Sync { get; init; } = RandomAccess.FlushToDisk;
}

internal static partial class StoreLog
{
    [LoggerMessage(3201, LogLevel.Error, "A write to the API journal failed; the changes in it were refused")]
    public static partial void StoreWriteFailed(this ILogger logger, Exception error);

    [LoggerMessage(3202, LogLevel.Warning, "{File}: cut {Bytes} bytes of an unfinished write at offset {Offset}; nothing acknowledged was in it")]
    public static partial void TornTail(this ILogger logger, string file, long bytes, long offset);

    [LoggerMessage(3203, LogLevel.Warning, "Writing a snapshot of the API store failed; the journal goes on and is kept")]
    public static partial void SnapshotFailed(this ILogger logger, Exception error);
}
