using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Datapath.Events;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Bench.Hubble;

/// <summary>A relay over many observers, all in this process and on unix sockets.</summary>
internal static class RelayRig
{
    /// <summary>
    /// Flows per second at the client, from all rings, the process's CPU time for each (nodes, relay and client), ns, and by how many MiB
    /// the live heap grew between the first and the last tenth of the answer; fails if the flows are not all there and in order.
    /// </summary>
    public static async Task<(double Rate, double Cpu, double Grown)> MeasureAsync(int nodes, int flowsEach, CancellationToken cancellation)
    {
        var capacity = 1;
        while (capacity < flowsEach)
        {
            capacity = (capacity << 1) | 1;
        }

        var all = new List<BenchNode>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var directory = Directory.CreateTempSubdirectory("waggle-bench-").FullName;
        try
        {
            var events = SampleEvents.Make(flowsEach);
            for (var i = 0; i < nodes; i++)
            {
                all.Add(await BenchNode.StartAsync($"node-{i}", capacity, cancellation).ConfigureAwait(false));
                foreach (var record in events)
                {
                    EventDecoder.Decode(record, all[i].Adapter);
                }
            }

            var peers = new PeerRegistry();
            peers.Set(all.Select((n, i) => new Peer($"node-{i}", n.Socket, null)));
            var peerServer = new RpcServer(NullLogger<RpcServer>.Instance, stop.Token);
            peers.AddTo(peerServer);
            await using var peerDoor = await RpcListener.UnixAsync(Path.Combine(directory, "peers"), peerServer, NullLoggerFactory.Instance, cancellation).ConfigureAwait(false);
            using var peerChannel = new RpcChannel(RpcTarget.Unix(Path.Combine(directory, "peers")));
            var options = new RelayOptions { Patience = TimeSpan.FromSeconds(30), GiveUp = TimeSpan.FromSeconds(60) };
            await using var pool = new RelayPool(peerChannel, p => new RpcChannel(RpcTarget.Unix(p.Address)), options, TimeProvider.System, NullLogger<RelayPool>.Instance);
            var running = pool.RunAsync(stop.Token);
            var server = new RpcServer(NullLogger<RpcServer>.Instance, stop.Token);
            new RelayObserver(pool, options, "relay", "bench", TimeProvider.System).AddTo(server);
            await using var door = await RpcListener.UnixAsync(Path.Combine(directory, "relay"), server, NullLoggerFactory.Instance, cancellation).ConfigureAwait(false);
            while (pool.Now is var (now, changed) && (now.Count < nodes || now.Any(n => n.Available != true)))
            {
                await changed.WaitAsync(TimeSpan.FromSeconds(60), cancellation).ConfigureAwait(false);
            }

            var result = await ReadAsync(Path.Combine(directory, "relay"), (long)nodes * flowsEach, cancellation).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            try
            {
                await running.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
            }

            return result;
        }
        finally
        {
            foreach (var node in all)
            {
                await node.DisposeAsync().ConfigureAwait(false);
            }

            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<(double Rate, double Cpu, double Grown)> ReadAsync(string socket, long expected, CancellationToken cancellation)
    {
        using var channel = new RpcChannel(RpcTarget.Unix(socket));
        long count = 0, last = long.MinValue, early = 0, late = 0;
        var (collecting, collectingCpu, cpu) = (TimeSpan.Zero, TimeSpan.Zero, Environment.CpuUsage.TotalTime);
        var clock = Stopwatch.StartNew();
        await foreach (var response in channel.StreamAsync(RelayedMethods.GetFlows, new GetFlowsRequest { First = true, Number = (ulong)expected }, cancellation: cancellation).ConfigureAwait(false))
        {
            if (response.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow)
            {
                var at = FlowDecoder.Nanoseconds(response.Time);
                if (at < last)
                {
                    throw new InvalidOperationException("a flow is out of order");
                }

                (last, count) = (at, count + 1);
                if (count == expected / 10 || count == expected - (expected / 10))
                {
                    var (from, fromCpu) = (clock.Elapsed, Environment.CpuUsage.TotalTime);
                    (early, late) = (late, GC.GetTotalMemory(forceFullCollection: true));
                    collecting += clock.Elapsed - from;
                    collectingCpu += Environment.CpuUsage.TotalTime - fromCpu;
                }
            }
        }

        return count == expected ? (count / (clock.Elapsed - collecting).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu - collectingCpu).TotalNanoseconds / count, (late - early) / 1048576d) : throw new InvalidOperationException($"{count} of {expected} flows came");
    }
}
