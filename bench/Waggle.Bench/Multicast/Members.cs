using System.Diagnostics;
using System.Globalization;
using Waggle.Bench.Network;
using Waggle.Linux;

namespace Waggle.Bench.Multicast;

/// <summary>The receiving sockets of one rig, all held by one <c>waggle-load mcast-sink</c>.</summary>
internal sealed class Members : IDisposable
{
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(100);
    private readonly LoadProcess _sink;

    internal Members(NetworkNamespace anywhere, string program) =>
        _sink = new LoadProcess(NamespacePath.Start(anywhere, program, ["mcast-sink"]));

    /// <summary>Joins a group in a namespace, on <c>eth0</c>.</summary>
    internal async Task JoinAsync(NetworkNamespace inside, string group)
    {
        var answer = await _sink.AskAsync(FormattableString.Invariant(
            $"join /proc/{Environment.ProcessId}/fd/{inside.Descriptor.Number} {group} {TrafficFigures.Port} eth0")).ConfigureAwait(false);
        if (answer != "ok")
        {
            throw new InvalidOperationException($"waggle-load did not join {group}: {answer}");
        }
    }

    /// <summary>Copies that reached sockets of the group so far.</summary>
    internal async Task<long> CountAsync(string group) => long.Parse(await _sink.AskAsync($"count {group}").ConfigureAwait(false), CultureInfo.InvariantCulture);

    /// <summary>The same, once all expected copies are there or no more come.</summary>
    internal async Task<long> CountAsync(string group, long expected)
    {
        var (count, since) = (await CountAsync(group).ConfigureAwait(false), Stopwatch.StartNew());
        while (count < expected && since.Elapsed < Settled)
        {
            await Task.Delay(1).ConfigureAwait(false);
            var now = await CountAsync(group).ConfigureAwait(false);
            if (now != count)
            {
                (count, since) = (now, Stopwatch.StartNew());
            }
        }

        return count;
    }

    public void Dispose() => _sink.Dispose();
}
