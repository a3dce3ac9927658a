namespace Waggle.State.Reconciling;

public enum ReconcileState
{
    /// <summary>The target holds the row as it is at <see cref="ReconcileStatus{TKey}.Revision"/>.</summary>
    Done,

    /// <summary>The last attempt failed; another follows.</summary>
    Failed,

    /// <summary>The row is gone but could not yet be removed from the target; another attempt follows.</summary>
    DeleteFailed,
}

/// <summary>How one row stands in a reconciler. A row whose table revision is newer than <see cref="Revision"/> is pending.</summary>
/// <param name="Key">Primary key of the row.</param>
/// <param name="State">Outcome of the last attempt.</param>
/// <param name="Revision">Table revision of the row that was attempted.</param>
/// <param name="Error">Why it failed; empty when done.</param>
/// <param name="Attempts">Failed attempts since the last success.</param>
/// <param name="UpdatedAt">When the attempt ended.</param>
public sealed record ReconcileStatus<TKey>(TKey Key, ReconcileState State, ulong Revision, string Error, int Attempts, DateTimeOffset UpdatedAt)
    where TKey : notnull;
