using Microsoft.Extensions.Hosting;
using Waggle.Agent.Datapath;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Policy.Audit;

/// <summary>Events that the programs did not write since this agent counts: the buffer was full, or there were more than the rate allows.</summary>
internal sealed class AuditLosses(DatapathState datapath, Readiness readiness) : BackgroundService
{
    private ulong _before;

    /// <summary>Zero while there are no programs.</summary>
    public ulong Count => datapath.IsLoaded && Sum() is var now && now > Volatile.Read(ref _before) ? now - _before : 0;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        Volatile.Write(ref _before, Sum()); // pinned counters are older than this agent
    }

    private ulong Sum()
    {
        ulong sum = 0;
        var cpus = new EventCounters[BpfCpu.PossibleCount];
        if (datapath.Maps.EventCounters.TryLookup(0, cpus))
        {
            foreach (EventCounters cpu in cpus)
            {
                sum += cpu.Lost + cpu.Limited;
            }
        }

        return sum;
    }
}
