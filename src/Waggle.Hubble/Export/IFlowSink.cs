using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export;

/// <summary>Where an exporter's records go. Used by one task at a time.</summary>
public interface IFlowSink : IAsyncDisposable
{
    /// <summary>Takes a record into the batch; does not wait.</summary>
    /// <param name="counts">How many flows it stands for.</param>
    void Add(in FlowRecord flow, FlowCounts counts = default);

    /// <summary>Takes a note of losses into the batch.</summary>
    void AddLost(LostEventSource source, ulong count, string node, long unixNanoseconds);

    /// <summary>Hands the batch over and empties it, whatever happens.</summary>
    /// <exception cref="ExportException">The batch is lost.</exception>
    ValueTask FlushAsync(CancellationToken cancellation);
}

/// <summary>Where lines go.</summary>
public interface ILineTarget : IAsyncDisposable
{
    /// <summary>Writes whole lines, each ending with a newline.</summary>
    /// <exception cref="ExportException">They are lost; the next call may succeed.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellation);
}

/// <summary>A batch could not be handed over.</summary>
/// <param name="reason">One word for metrics, e.g. <c>disk_full</c>.</param>
public sealed class ExportException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}
