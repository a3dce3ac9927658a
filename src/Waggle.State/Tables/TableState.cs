using System.Collections.Immutable;
using Waggle.State.Trees;

namespace Waggle.State.Tables;

/// <summary>One published version of a table.</summary>
internal abstract class TableState
{
    /// <summary>Grows by one with every changed row.</summary>
    internal required ulong Revision { get; init; }

    /// <summary>Sources that have not yet delivered their first complete state.</summary>
    internal required ImmutableArray<string> Pending { get; init; }

    /// <summary>Completes when a newer version is published.</summary>
    internal TaskCompletionSource Superseded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal abstract int Count { get; }
}

internal sealed class TableState<TKey, TRow> : TableState
    where TKey : notnull
    where TRow : class
{
    internal required BTree<TKey, Stored<TRow>> Rows { get; init; }

    internal required BTree<ulong, Stored<TRow>> ByRevision { get; init; }

    /// <summary>Deleted rows that some change tracker may not have seen, by the revision of their deletion.</summary>
    internal required BTree<ulong, Stored<TRow>> Tombstones { get; init; }

    /// <summary>Revision of the tombstone of a key.</summary>
    internal required BTree<TKey, ulong> TombstoneOf { get; init; }

    /// <summary>Deletions up to here were forgotten because too many piled up.</summary>
    internal required ulong ForgottenDeletes { get; init; }

    /// <summary>One tree per index, as its index knows it.</summary>
    internal required ImmutableArray<object> Indexes { get; init; }

    internal override int Count => Rows.Count;
}

/// <summary>A row with the table revision at which it was written.</summary>
internal sealed record Stored<TRow>(TRow Row, ulong Revision);
