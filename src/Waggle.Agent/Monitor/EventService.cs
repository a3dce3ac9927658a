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
            var losses = new LossCount(maps.LossesTold());
            Task reading = reader.RunAsync(stop.Token), following = FollowLossesAsync(maps, reader, losses, stop.Token);
            await Task.WhenAny(reading, changed).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task task in new[] { reading, following })
            {
                try
                {
                    await task.ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                }
            }

            Tell(maps, reader, losses);
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private async Task FollowLossesAsync(DatapathMaps maps, EventReader reader, LossCount losses, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation).ConfigureAwait(false);
            Tell(maps, reader, losses);
        }
    }

    private void Tell(DatapathMaps maps, EventReader reader, LossCount losses)
    {
        if (losses.Take(reader.GetStatistics()) is var lost and > 0)
        {
            hub.OnLost(lost);
            maps.LossesTold(losses.Told);
            LogLost(lost);
        }
    }

    [LoggerMessage(1081, LogLevel.Warning, "{Count} events of the programs were lost: the ring buffer was full, or they came faster than bpf-events-default-rate-limit allows")]
    private partial void LogLost(ulong count);
}
