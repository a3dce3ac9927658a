using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Limits;

/// <summary>Looks at every limit now and then; says once in the log when one comes near, and counts all in metrics.</summary>
internal sealed partial class LimitWatch(NodeLimits limits, Readiness readiness, TimeProvider time, ILogger<LimitWatch> logger) : BackgroundService, IMetricsSource
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly HashSet<string> _near = new(StringComparer.Ordinal);
    private IReadOnlyList<NodeLimit> _last = [];

    /// <summary>One look.</summary>
    public void Look()
    {
        IReadOnlyList<NodeLimit> now = limits.Read();
        foreach (NodeLimit limit in now)
        {
            if (!limit.IsNear)
            {
                _near.Remove(limit.Name);
            }
            else if (_near.Add(limit.Name))
            {
                LogNear(limit.Name, limit.Used, limit.Max, limit.WhenFull, limit.Key.Length > 0 ? $"; raise {limit.Key}" : "");
            }
        }

        Volatile.Write(ref _last, now);
    }

    public void Write(MetricsWriter writer)
    {
        writer.Family("cilium_limit_use_ratio", "gauge", "Share of each limit of the node that is in use, as of the last minute.");
        foreach (NodeLimit limit in Volatile.Read(ref _last))
        {
            writer.Sample(limit.Share, ("limit", limit.Name));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        while (true)
        {
            try
            {
                Look();
            }
            catch (BpfException)
            {
                // A map was being replaced; the next look has it.
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1181, LogLevel.Warning, "{Limit}: {Used} of {Max} in use; when it is full: {WhenFull}{Advice}")]
    private partial void LogNear(string limit, long used, long max, string whenFull, string advice);
}
