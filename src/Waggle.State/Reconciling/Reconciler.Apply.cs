using Microsoft.Extensions.Logging;
using Waggle.State.Tables;

namespace Waggle.State.Reconciling;

public sealed partial class Reconciler<TKey, TRow>
{
    private async Task ApplyAsync(List<Change<TRow>> work, CancellationToken cancellation)
    {
        var snapshot = _table.Db.Read();
        var entries = work.Select(c => new BatchEntry<TRow>(c.Row, c.IsDeleted)).ToList();
        var started = Now;
        if (_target is IBatchReconcilerTarget<TRow> batch)
        {
            await ApplyBatchAsync(batch, snapshot, entries, cancellation).ConfigureAwait(false);
        }
        else
        {
            foreach (var entry in entries)
            {
                entry.Error = await TryAsync(entry.IsDelete ? _target.DeleteAsync : _target.UpdateAsync, snapshot, entry.Row, cancellation).ConfigureAwait(false);
            }
        }

        Metrics.AddBusy(_options.Time.GetElapsedTime(started));
        Record(work, entries);
    }

    private static async Task ApplyBatchAsync(IBatchReconcilerTarget<TRow> target, Snapshot snapshot, List<BatchEntry<TRow>> entries, CancellationToken cancellation)
    {
        try
        {
            await target.ApplyAsync(snapshot, entries, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            foreach (var entry in entries)
            {
                entry.Error ??= e;
            }
        }
    }

    private static async ValueTask<Exception?> TryAsync(Func<Snapshot, TRow, CancellationToken, ValueTask> operation, Snapshot snapshot, TRow row, CancellationToken cancellation)
    {
        try
        {
            await operation(snapshot, row, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return e;
        }
    }

    /// <summary>Writes the outcomes; one whose row changed meanwhile is dropped, because the newer change comes next anyway.</summary>
    private void Record(List<Change<TRow>> work, List<BatchEntry<TRow>> entries)
    {
        var at = _options.Time.GetUtcNow();
        using var transaction = Status.Db.Write(Status);
        var current = _table.View;
        for (var i = 0; i < work.Count; i++)
        {
            var change = work[i];
            var key = _table.Key(change.Row);
            var error = entries[i].Error;
            var attempts = 0;
            if (error is null)
            {
                Metrics.CountSuccess(change.IsDeleted);
                _retries.Remove(key);
            }
            else
            {
                Metrics.CountFailure();
                attempts = _retries.Add(key, change, error.Message, Now);
                LogFailed(_table.Name, _options.Name, key.ToString() ?? "", change.IsDeleted ? "delete" : "update", attempts, error.Message);
            }

            var stale = change.IsDeleted ? current.TryGet(key, out _) : current.RevisionOf(key) != change.Revision;
            if (stale)
            {
                continue;
            }

            if (change.IsDeleted && error is null)
            {
                transaction.Delete(Status, key);
            }
            else
            {
                var state = error is null ? ReconcileState.Done : change.IsDeleted ? ReconcileState.DeleteFailed : ReconcileState.Failed;
                transaction.Upsert(Status, new ReconcileStatus<TKey>(key, state, change.Revision, error?.Message ?? "", attempts, at));
            }
        }

        transaction.Commit();
    }

    private bool PruneIsDue()
    {
        lock (_gate)
        {
            return _pruneAsked || (_nextPrune is { } at ? at <= Now : !_pruned);
        }
    }

    private async Task<bool> PruneAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _pruneAsked = false;
        }

        var snapshot = _table.Db.Read();
        var started = Now;
        try
        {
            await _target.PruneAsync(snapshot, [.. snapshot.View(_table).All()], cancellation).ConfigureAwait(false);
            _pruneFailures = 0;
            _pruneError = "";
            _nextPrune = _options.PruneInterval > TimeSpan.Zero ? After(_options.PruneInterval) : null;
            Volatile.Write(ref _pruned, true);
            _progress.Pruned();
            Metrics.CountPrune(true);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            _pruneError = e.Message;
            _nextPrune = After(TimeSpan.FromTicks((long)Math.Min(_options.MinBackoff.Ticks * Math.Pow(2, Math.Min(_pruneFailures, 30)), _options.MaxBackoff.Ticks)));
            _pruneFailures++;
            Metrics.CountPrune(false);
            LogPruneFailed(_table.Name, _options.Name, e.Message);
        }

        Metrics.AddBusy(_options.Time.GetElapsedTime(started));
        return true;
    }

    private void ReportHealth()
    {
        if (_health is null)
        {
            return;
        }

        if (_retries.Count > 0)
        {
            _health.Degraded($"{_retries.Count} rows wait for another attempt; one of them: {_retries.FirstError}");
        }
        else if (_pruneFailures > 0)
        {
            _health.Degraded($"cannot prune: {_pruneError}");
        }
        else
        {
            _health.Ok($"{_table.Count} rows");
        }
    }

    [LoggerMessage(6001, LogLevel.Warning, "{Table}/{Reconciler}: {Operation} of '{Key}' failed, attempt {Attempt}: {Reason}")]
    private partial void LogFailed(string table, string reconciler, string key, string operation, int attempt, string reason);

    [LoggerMessage(6002, LogLevel.Warning, "{Table}/{Reconciler}: prune failed, will be tried again: {Reason}")]
    private partial void LogPruneFailed(string table, string reconciler, string reason);
}
