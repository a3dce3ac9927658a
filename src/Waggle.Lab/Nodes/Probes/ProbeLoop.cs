using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Probes;

/// <summary>Repeats one health check of a container and reports when its verdict changes.</summary>
internal sealed class ProbeLoop(ProbeExecutor executor, ProbeTarget target, Probe probe, TimeProvider time)
{
    /// <summary>How often a container that has not been healthy yet is checked at least, during <see cref="Impatience"/>.</summary>
    private static readonly TimeSpan Eager = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(60);

    /// <summary>Checks until cancelled, or until <paramref name="verdict"/> says false.</summary>
    /// <param name="eager">Look more often than asked until the first success; only right where failures at the beginning do not count.</param>
    /// <param name="failed">Told of each failure.</param>
    /// <param name="verdict">Told when a threshold is reached, healthy or not; returns whether to go on.</param>
    /// <param name="cancellation">Ends the loop without an exception.</param>
    public async Task RunAsync(bool eager, Action<string> failed, Func<bool, string?, bool> verdict, CancellationToken cancellation)
    {
        TimeSpan period = TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? 10));
        TimeSpan timeout = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
        int successesNeeded = Math.Max(1, probe.SuccessThreshold ?? 1), failuresNeeded = Math.Max(1, probe.FailureThreshold ?? 3);
        int successes = 0, failures = 0;
        bool everHealthy = false;
        long started = time.GetTimestamp();
        string? lastFailure = null;
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, probe.InitialDelaySeconds ?? 0)), time, cancellation).ConfigureAwait(false);
            while (true)
            {
                string? problem = await executor.CheckAsync(target, ProbeCheck.Of(probe), timeout, cancellation).ConfigureAwait(false);
                bool early = eager && !everHealthy && time.GetElapsedTime(started) < Impatience;
                if (problem is null)
                {
                    failures = 0;
                    everHealthy = true;
                    if (++successes == successesNeeded && !verdict(true, null))
                        return;
                }
                else
                {
                    successes = 0;
                    if (!early || problem != lastFailure)
                        failed(problem);
                    lastFailure = problem;
                    if (++failures >= failuresNeeded && !verdict(false, problem))
                        return;
                }
                await Task.Delay(early && problem is not null && Eager < period ? Eager : period, time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The container has ended.
        }
    }
}
