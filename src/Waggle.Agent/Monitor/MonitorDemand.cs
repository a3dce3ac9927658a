using Waggle.Datapath.Abi;

namespace Waggle.Agent.Monitor;

/// <summary>How many people look at trace events now. While nobody does, the programs make none: they cost nothing.</summary>
public sealed class MonitorDemand
{
    private int _watchers;

    /// <summary>Raised when the first came or the last left.</summary>
    public event Action? Changed;

    public IDisposable Watch()
    {
        if (Interlocked.Increment(ref _watchers) == 1)
        {
            Changed?.Invoke();
        }

        return new Watcher(this);
    }

    /// <summary>The places that make trace events, by <c>monitor-aggregation</c>.</summary>
    public IReadOnlyCollection<TracePoint> TracePoints(string aggregation) => Volatile.Read(ref _watchers) == 0 ? [] : aggregation switch
    {
        "none" => Enum.GetValues<TracePoint>(),
        _ => [TracePoint.ToEndpoint, TracePoint.ToProxy, TracePoint.ToHost, TracePoint.ToStack, TracePoint.ToOverlay, TracePoint.ToNetwork],
    };

    private void Leave()
    {
        if (Interlocked.Decrement(ref _watchers) == 0)
        {
            Changed?.Invoke();
        }
    }

    private sealed class Watcher(MonitorDemand demand) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                demand.Leave();
            }
        }
    }
}
