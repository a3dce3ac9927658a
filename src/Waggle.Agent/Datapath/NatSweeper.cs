using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Datapath;

/// <summary>Removes masquerading rows and connections of pods that are gone, before their addresses come to others.</summary>
/// <remarks>In the background, for many at once: whole maps have to be read, and a freed address rests for a while (see <see cref="Ipam.PodAddresses"/>).</remarks>
internal sealed partial class NatSweeper(DatapathState datapath, Readiness readiness, TimeProvider time, ILogger<NatSweeper> logger) : BackgroundService
{
    private readonly ConcurrentQueue<Address> _gone = new();

    public void Forget(IPAddress address) => _gone.Enqueue(Address.From(address));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(5), time, stoppingToken).ConfigureAwait(false);
            var addresses = new HashSet<Address>();
            while (_gone.TryDequeue(out Address address))
            {
                addresses.Add(address);
            }

            if (addresses.Count > 0)
            {
                try
                {
                    Sweep(addresses);
                }
                catch (BpfException e)
                {
                    LogFailed(e.Message);
                }
            }
        }
    }

    private void Sweep(HashSet<Address> addresses)
    {
        foreach ((NatKey key, NatEntry entry) in datapath.Maps.Snat.Entries())
        {
            // A flow has a row for each direction: the pod is the source of one and the translation of the other.
            if (addresses.Contains(key.Direction == (byte)NatDirection.Out ? key.Source : entry.Address))
            {
                datapath.Maps.Snat.Delete(key);
            }
        }

        foreach (ConntrackKey key in datapath.Maps.Conntrack.Keys())
        {
            if (addresses.Contains(key.Low) || addresses.Contains(key.High))
            {
                datapath.Maps.Conntrack.Delete(key);
            }
        }
    }

    [LoggerMessage(1034, LogLevel.Warning, "masquerading rows and connections of removed pods stay until they are evicted: {Problem}")]
    private partial void LogFailed(string problem);
}
