namespace Waggle.Hubble.Export;

/// <summary>What became of one exporter's flows. Read by other threads.</summary>
public sealed class ExportStatistics
{
    private long _exported, _filtered, _aggregated, _failed, _lost;

    public long Exported => Volatile.Read(ref _exported);

    /// <summary>Not wanted by its filters.</summary>
    public long Filtered => Volatile.Read(ref _filtered);

    /// <summary>Told by an earlier flow of the same conversation.</summary>
    public long Aggregated => Volatile.Read(ref _aggregated);

    /// <summary>Could not be handed over: disk full, nobody there.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Came faster than they could be written.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Why the last batch failed; null while all is well.</summary>
    public string? Problem { get; private set; }

    internal void Count(long filtered, long aggregated)
    {
        Interlocked.Add(ref _filtered, filtered);
        Interlocked.Add(ref _aggregated, aggregated);
    }

    internal void Delivered(long count)
    {
        Interlocked.Add(ref _exported, count);
        Problem = null;
    }

    internal void Failure(long count, string reason)
    {
        Interlocked.Add(ref _failed, count);
        Problem = reason;
    }

    internal void Missed(long count) => Interlocked.Add(ref _lost, count);
}
