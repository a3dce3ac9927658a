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
public sealed partial class FlowExporter : IFlowConsumer, IAsyncDisposable
{
    private readonly string _name, _node;
    private readonly FlowFilterSet _filters;
    private readonly FlowAggregation _aggregation;
    private readonly FlowGroups? _groups;
    private readonly IFlowSink _sink;
    private readonly DateTimeOffset? _end;
    private readonly TimeProvider _time;
    private readonly ILogger<FlowExporter> _logger;

    // The queue's task and the one that tells groups take turns.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _telling;

    /// <param name="node">Name of this node, for notes of losses.</param>
    /// <param name="groups">Joins flows; null: each is handed over as it comes.</param>
    /// <param name="end">No flows after this time.</param>
    public FlowExporter(string name, string node, FlowFilterSet filters, FlowAggregation aggregation, FlowGroups? groups, IFlowSink sink, DateTimeOffset? end, TimeProvider time, ILogger<FlowExporter> logger)
    {
        (_name, _node, _filters, _aggregation, _groups, _sink, _end, _time, _logger) = (name, node, filters, aggregation, groups, sink, end, time, logger);
        Name = "export:" + name;
        _telling = groups is null ? Task.CompletedTask : TellGroupsAsync(groups);
    }

    public string Name { get; }

    public ExportStatistics Statistics { get; } = new();

    /// <summary>False after its end.</summary>
    public bool Active => _end is null || _time.GetUtcNow() < _end;

    public async ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation)
    {
        if (!Active)
        {
            return;
        }

        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            int taken = Take(flows.Span);
            if (taken > 0)
            {
                await FlushAsync(taken, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation)
    {
        Statistics.Missed((long)Math.Min(count, long.MaxValue));
        if (!Active)
        {
            return;
        }

        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _sink.AddLost(source, count, _node, (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
            await FlushAsync(0, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Hands over what was joined up to now. Nobody may feed it any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _telling.ConfigureAwait(false);
        await _sink.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
        _stop.Dispose();
    }

    private async Task TellGroupsAsync(FlowGroups groups)
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(groups.Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                if (groups.Count > 0)
                {
                    await FlushAsync(MoveGroups(groups), CancellationToken.None).ConfigureAwait(false);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private int MoveGroups(FlowGroups groups)
    {
        int count = groups.Count;
        groups.MoveTo(_sink);
        return count;
    }

    private int Take(ReadOnlySpan<FlowRecord> flows)
    {
        int taken = 0, filtered = 0, aggregated = 0;
        foreach (ref readonly FlowRecord flow in flows)
        {
            if (!_filters.Matches(in flow))
            {
                filtered++;
            }
            else if (!_aggregation.IsNews(in flow))
            {
                aggregated++;
            }
            else if (_groups is null || flow.Kind != FlowRecordKind.Flow)
            {
                _sink.Add(in flow);
                taken++;
            }
            else if (!_groups.Add(in flow))
            {
                aggregated++;
            }
            else if (_groups.IsFull)
            {
                taken += MoveGroups(_groups);
            }
        }

        Statistics.Count(filtered, aggregated);
        return taken;
    }

    private async ValueTask FlushAsync(int count, CancellationToken cancellation)
    {
        try
        {
            await _sink.FlushAsync(cancellation).ConfigureAwait(false);
            if (Statistics.Problem is not null)
            {
                LogResumed(_name);
            }

            Statistics.Delivered(count);
        }
        catch (ExportException failure)
        {
            // Told once; a full disk would otherwise fill the log as well.
            if (Statistics.Problem != failure.Reason)
            {
                LogFailed(_name, failure.Message);
            }

            Statistics.Failure(count, failure.Reason);
        }
    }

    [LoggerMessage(7051, LogLevel.Warning, "Flow export {Name}: {Problem}. Flows are dropped until it works again.")]
    private partial void LogFailed(string name, string problem);

    [LoggerMessage(7052, LogLevel.Information, "Flow export {Name} works again.")]
    private partial void LogResumed(string name);
}
