using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.State.Health;
using Waggle.State.Tables;

namespace Waggle.State.Reconciling;

/// <summary>Makes one thing true about every row of a table, and keeps it true.</summary>
/// <remarks>
/// One loop: (1) take changes and rows due for another attempt, (2) apply them, (3) record the outcome unless the row changed
/// meanwhile, (4) once all sources have synchronised and the first rows are through, prune; then (5) wait for a change or a timer.
/// </remarks>
public sealed partial class Reconciler<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private readonly Table<TKey, TRow> _table;
    private readonly IReconcilerTarget<TRow> _target;
    private readonly ReconcilerOptions _options;
    private readonly HealthReporter? _health;
    private readonly ILogger _logger;
    private readonly RetryQueue<TKey, TRow> _retries;
    private readonly ReconcilerProgress _progress = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _pruneAsked;
    private bool _pruned;
    private long? _nextPrune;
    private long? _nextRefresh;
    private int _pruneFailures;
    private string _pruneError = "";

    public Reconciler(Table<TKey, TRow> table, IReconcilerTarget<TRow> target, ReconcilerOptions options, HealthRegistry? health = null, ILogger? logger = null)
    {
        _table = table;
        _target = target;
        _options = options;
        _health = health?.For($"reconciler/{table.Name}/{options.Name}");
        _logger = logger ?? NullLogger.Instance;
        _retries = new(options, table.Comparer);
        Status = new(
            table.Db,
            $"{table.Name}-{options.Name}",
            s => s.Key,
            [
                new("KEY", s => s.Key.ToString() ?? ""),
                new("STATE", s => s.State.ToString()),
                new("REVISION", s => s.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                new("ATTEMPTS", s => s.Attempts.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                new("ERROR", s => s.Error),
            ],
            comparer: table.Comparer);
    }

    /// <summary>Outcome per row. Deleted rows have none, unless their deletion fails.</summary>
    public Table<TKey, ReconcileStatus<TKey>> Status { get; }

    public ReconcilerMetrics Metrics { get; } = new();

    /// <summary>True once the target was pruned for the first time: it then holds what the table says and nothing else.</summary>
    public bool HasPruned => Volatile.Read(ref _pruned);

    /// <summary>Runs until cancelled; returns then without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var tracker = _table.Track();
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!await RoundAsync(tracker, cancellation).ConfigureAwait(false))
                {
                    await WaitAsync(tracker, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _health?.Stopped("stopped on request");
        }
        catch (Exception e)
        {
            _health?.Stopped($"ended by a defect: {e.Message}");
            throw;
        }
    }

    /// <summary>Asks for a prune at the next opportunity (which waits for the table's sources).</summary>
    public void Prune()
    {
        lock (_gate)
        {
            _pruneAsked = true;
            _wake.TrySetResult();
        }
    }

    /// <summary>Completes when every change up to this table revision (null: now) has been applied successfully.</summary>
    public Task WaitUntilAsync(ulong? revision = null, CancellationToken cancellation = default) => _progress.WaitAsync(revision ?? _table.Revision, cancellation);

    /// <summary>Completes when the target was pruned for the first time.</summary>
    public Task WaitPrunedAsync(CancellationToken cancellation = default) => _progress.WaitPrunedAsync(cancellation);

    private long Now => _options.Time.GetTimestamp();

    /// <summary>One round; false when there was nothing to do.</summary>
    private async Task<bool> RoundAsync(ChangeTracker<TKey, TRow> tracker, CancellationToken cancellation)
    {
        // Taken before the changes: whether the sources had finished must be known for exactly these rows.
        var initialized = _table.IsInitialized;
        var batch = tracker.Next(_options.RoundSize);
        var work = new List<Change<TRow>>(batch.Changes);
        if (batch.Reset)
        {
            // Deletions were missed: only a prune finds them.
            Prune();
        }

        foreach (var change in batch.Changes)
        {
            _retries.Remove(_table.Key(change.Row));
        }

        work.AddRange(_retries.TakeDue(Now, _options.RoundSize));
        work.AddRange(TakeRefresh());
        if (work.Count > 0)
        {
            await ApplyAsync(work, cancellation).ConfigureAwait(false);
        }

        _progress.Advance(tracker.Revision, _retries);
        Metrics.SetRetrying(_retries.Count);
        var pruned = batch.IsEmpty && initialized && PruneIsDue() && await PruneAsync(cancellation).ConfigureAwait(false);
        if (work.Count > 0 || pruned)
        {
            ReportHealth();
        }

        return work.Count > 0 || pruned;
    }

    private IEnumerable<Change<TRow>> TakeRefresh()
    {
        if (_options.RefreshInterval <= TimeSpan.Zero)
        {
            return [];
        }

        if (_nextRefresh is { } at && at > Now)
        {
            return [];
        }

        var first = _nextRefresh is null;
        _nextRefresh = After(_options.RefreshInterval);
        var view = _table.View;
        return first ? [] : view.All().Where(r => _retries.Attempts(_table.Key(r)) == 0).Select(r => new Change<TRow>(r, view.RevisionOf(_table.Key(r)), false));
    }

    private async Task WaitAsync(ChangeTracker<TKey, TRow> tracker, CancellationToken cancellation)
    {
        Task wake;
        lock (_gate)
        {
            if (_wake.Task.IsCompleted)
            {
                _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
                return;
            }

            wake = _wake.Task;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var waits = new List<Task>(4) { wake, tracker.WaitAsync(stop.Token) };
        if (!_pruned && !_table.IsInitialized)
        {
            waits.Add(_table.WaitInitializedAsync(stop.Token));
        }

        if (NextTimer() is { } at)
        {
            var delay = _options.Time.GetElapsedTime(Now, at);
            waits.Add(Task.Delay(delay < TimeSpan.Zero ? TimeSpan.Zero : delay, _options.Time, stop.Token));
        }

        await Task.WhenAny(waits).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
    }

    private long? NextTimer()
    {
        long? next = null;
        foreach (var at in new[] { _retries.NextDue, _table.IsInitialized ? _nextPrune : null, _nextRefresh })
        {
            next = at is null ? next : next is null ? at : Math.Min(next.Value, at.Value);
        }

        return next;
    }

    private long After(TimeSpan wait) => Now + (long)(wait.Ticks * (double)_options.Time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
