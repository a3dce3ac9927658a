using Microsoft.Extensions.Logging;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export;

/// <summary>
/// One exporter: filters, aggregates and hands over. It runs on its own queue, so whatever its target does (a full disk, a dead
/// collector), the datapath and other readers notice nothing; what could not be handed over is counted.
/// </summary>
/// <param name="node">Name of this node, for notes of losses.</param>
/// <param name="end">No flows after this time.</param>
public sealed partial class FlowExporter(string name, string node, FlowFilterSet filters, FlowAggregation aggregation, IFlowSink sink, DateTimeOffset? end, TimeProvider time, ILogger<FlowExporter> logger)
    : IFlowConsumer, IAsyncDisposable
{
    public string Name { get; } = "export:" + name;

    public ExportStatistics Statistics { get; } = new();

    /// <summary>False after its end.</summary>
    public bool Active => end is null || time.GetUtcNow() < end;

    public async ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation)
    {
        if (!Active)
        {
            return;
        }

        int taken = Take(flows.Span);
        if (taken > 0)
        {
            await FlushAsync(taken, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation)
    {
        Statistics.Missed((long)Math.Min(count, long.MaxValue));
        if (Active)
        {
            sink.AddLost(source, count, node, (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
            await FlushAsync(0, cancellation).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => sink.DisposeAsync();

    private int Take(ReadOnlySpan<FlowRecord> flows)
    {
        int taken = 0, filtered = 0, aggregated = 0;
        foreach (ref readonly FlowRecord flow in flows)
        {
            if (!filters.Matches(in flow))
            {
                filtered++;
            }
            else if (!aggregation.IsNews(in flow))
            {
                aggregated++;
            }
            else
            {
                sink.Add(in flow);
                taken++;
            }
        }

        Statistics.Count(filtered, aggregated);
        return taken;
    }

    private async ValueTask FlushAsync(int count, CancellationToken cancellation)
    {
        try
        {
            await sink.FlushAsync(cancellation).ConfigureAwait(false);
            if (Statistics.Problem is not null)
            {
                LogResumed(name);
            }

            Statistics.Delivered(count);
        }
        catch (ExportException failure)
        {
            // Told once; a full disk would otherwise fill the log as well.
            if (Statistics.Problem != failure.Reason)
            {
                LogFailed(name, failure.Message);
            }

            Statistics.Failure(count, failure.Reason);
        }
    }

    [LoggerMessage(2001, LogLevel.Warning, "Flow export {Name}: {Problem}. Flows are dropped until it works again.")]
    private partial void LogFailed(string name, string problem);

    [LoggerMessage(2002, LogLevel.Information, "Flow export {Name} works again.")]
    private partial void LogResumed(string name);
}
