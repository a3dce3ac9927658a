using Waggle.Datapath.Abi;

namespace Waggle.Agent.Monitor;

/// <summary>
/// How many people look at trace events now. Until the first one comes the programs cannot make any; after that they are told to pause
/// while nobody looks (<see cref="Waggle.Datapath.Maps.DatapathMaps.PauseTraces"/>), so that onlookers come and go without programs being replaced.
/// </summary>
public sealed class MonitorDemand
{
    private int _watchers;
    private volatile bool _everWatched;

    /// <summary>Nobody looks now.</summary>
    public bool Idle => Volatile.Read(ref _watchers) == 0;

    /// <summary>Raised when the first came or the last left.</summary>
    public event Action? Changed;

    public IDisposable Watch()
    {
        if (Interlocked.Increment(ref _watchers) == 1)
        {
            _everWatched = true;
            Changed?.Invoke();
        }

        return new Watcher(this);
    }

    /// <summary>The places that make trace events, by <c>monitor-aggregation</c>.</summary>
    public IReadOnlyCollection<TracePoint> TracePoints(string aggregation) => !_everWatched ? [] : aggregation switch
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
