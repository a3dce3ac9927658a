using Waggle.State.Tables;

namespace Waggle.State.Reconciling;

/// <summary>The thing that a reconciler makes equal to a table, e.g. a BPF map or the routes of a node.</summary>
/// <remarks>
/// Every operation is idempotent: it may run again for the same row, and after a crash. Failures are exceptions; their message
/// becomes the row's status and the operation is tried again. Calls come one at a time.
/// </remarks>
public interface IReconcilerTarget<TRow>
    where TRow : class
{
    /// <summary>Makes the target hold this row, whatever it held before under its key.</summary>
    ValueTask UpdateAsync(Snapshot snapshot, TRow row, CancellationToken cancellation);

    /// <summary>Removes the row from the target; that it is absent already is success.</summary>
    ValueTask DeleteAsync(Snapshot snapshot, TRow row, CancellationToken cancellation);

    /// <summary>
    /// Removes from the target what is not in <paramref name="desired"/>. Called only when every source of the table has
    /// synchronised: before that, absence means nothing.
    /// </summary>
    ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<TRow> desired, CancellationToken cancellation);
}

/// <summary>Optional: takes many rows at once, e.g. for batch operations on a BPF map.</summary>
public interface IBatchReconcilerTarget<TRow> : IReconcilerTarget<TRow>
    where TRow : class
{
    /// <summary>Applies changes in order; a failure is put into the entry's <see cref="BatchEntry{TRow}.Error"/>. An exception fails all of them.</summary>
    ValueTask ApplyAsync(Snapshot snapshot, IReadOnlyList<BatchEntry<TRow>> entries, CancellationToken cancellation);
}

/// <summary>One change of a batch and its outcome.</summary>
public sealed class BatchEntry<TRow>(TRow row, bool isDelete)
    where TRow : class
{
    public TRow Row { get; } = row;

    public bool IsDelete { get; } = isDelete;

    /// <summary>Why it failed; null is success.</summary>
    public Exception? Error { get; set; }
}
