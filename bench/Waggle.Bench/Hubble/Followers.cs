using System.Diagnostics;
using Waggle.Datapath.Events;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Bench.Hubble;

/// <summary>
/// Clients that follow one node while events come as fast as the slowest of them can take: the writer stays less than half a ring
/// ahead, so a flow that is missing was lost, and that fails the run.
/// </summary>
internal sealed class Followers(BenchNode node, byte[][] events)
{
    /// <summary>Flows written per second, all of them seen by (or filtered for) every client, and the process's CPU time for each, ns.</summary>
    /// <param name="clients">How many follow.</param>
    /// <param name="request">What each asks for; <c>follow</c> is set here.</param>
    /// <param name="share">One of how many flows the request's filter lets pass.</param>
    /// <param name="duration">How long.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(double Rate, double Cpu)> MeasureAsync(int clients, GetFlowsRequest request, int share, TimeSpan duration, CancellationToken cancellation)
    {
        request.Follow = true;
        var got = new long[clients * 16];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var before = node.Observer.Streams;
        Task[] reading = [.. Enumerable.Range(0, clients).Select(i => Task.Run(() => ReadAsync(request, got, i * 16, stop.Token), cancellation))];
        while (node.Observer.Streams < before + clients)
        {
            await Task.WhenAny([Task.Delay(10, cancellation), .. reading]).ConfigureAwait(false);
        }

        long written = 0;
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < duration)
        {
            var slowest = Slowest(got) * share;
            if (written - slowest > node.Ring.Capacity / 2)
            {
                await Task.Delay(1, cancellation).ConfigureAwait(false);
                await FailIfOverAsync(reading).ConfigureAwait(false);
                continue;
            }

            foreach (var record in events)
            {
                EventDecoder.Decode(record, node.Adapter);
            }

            written += events.Length;
        }

        while (Slowest(got) < written / share)
        {
            await Task.Delay(1, cancellation).ConfigureAwait(false);
            await FailIfOverAsync(reading).ConfigureAwait(false);
        }

        var result = (written / clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / written);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(reading).ConfigureAwait(false);
        while (node.Observer.Streams > before)
        {
            await Task.Delay(1, cancellation).ConfigureAwait(false);
        }

        return result;
    }

    private static long Slowest(long[] got)
    {
        var slowest = long.MaxValue;
        for (var i = 0; i < got.Length; i += 16)
        {
            slowest = Math.Min(slowest, Volatile.Read(ref got[i]));
        }

        return slowest;
    }

    private static Task FailIfOverAsync(Task[] reading) => reading.FirstOrDefault(r => r.IsCompleted) ?? Task.CompletedTask;

    private async Task ReadAsync(GetFlowsRequest request, long[] got, int mine, CancellationToken cancellation)
    {
        using var channel = new RpcChannel(RpcTarget.Unix(node.Socket));
        try
        {
            await foreach (var response in channel.StreamAsync(RelayedMethods.GetFlows, request, cancellation: cancellation).ConfigureAwait(false))
            {
                if (response.ResponseTypesCase != RelayedFlow.ResponseTypesOneofCase.Flow)
                {
                    throw new InvalidOperationException("a client lost flows");
                }

                Volatile.Write(ref got[mine], got[mine] + 1);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        throw new InvalidOperationException("a stream ended");
    }
}
