using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Datapath;
using Waggle.Agent.Startup;
using Waggle.Datapath.Events;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Agent.Monitor;

/// <summary>Reads the node's ring buffer; starts anew when its map was replaced with the programs.</summary>
internal sealed partial class EventService(DatapathState datapath, DatapathPaths paths, EventHub hub, Readiness readiness, TimeProvider time, ILogger<EventService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        while (true)
        {
            Task changed = datapath.NextChange;
            using DatapathMaps maps = DatapathMaps.OpenPinned(paths);
            using var reader = new EventReader(maps, hub);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            Task reading = reader.RunAsync(stop.Token), losses = FollowLossesAsync(reader, stop.Token);
            await Task.WhenAny(reading, changed).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task task in new[] { reading, losses })
            {
                try
                {
                    await task.ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                }
            }

            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private async Task FollowLossesAsync(EventReader reader, CancellationToken cancellation)
    {
        ulong told = Missing(reader);
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation).ConfigureAwait(false);
            ulong lost = Missing(reader);
            if (lost > told)
            {
                hub.OnLost(lost - told);
                LogLost(lost - told);
                told = lost;
            }
        }
    }

    /// <summary>Whether there was no room or the rate was over its limit: the flow is not there.</summary>
    private static ulong Missing(EventReader reader)
    {
        EventStatistics statistics = reader.GetStatistics();
        return statistics.Lost + statistics.Limited;
    }

    [LoggerMessage(1081, LogLevel.Warning, "{Count} events of the programs were lost: the ring buffer was full, or they came faster than bpf-events-default-rate-limit allows")]
    private partial void LogLost(ulong count);
}
