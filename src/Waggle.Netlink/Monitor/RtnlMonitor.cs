using System.Runtime.CompilerServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>
/// Notifications of changes in a namespace. They wait in the kernel's queue until read; when that overflows, the reader gets a
/// <see cref="ResyncEvent"/> in place of what was lost. Open the monitor first, list the tables then: nothing falls between.
/// </summary>
public sealed class RtnlMonitor : IDisposable
{
    private const int DefaultQueue = 1024 * 1024;
    private readonly NetlinkSocket _socket;
    private readonly CancellationTokenSource _stop = new();

    private RtnlMonitor(NetlinkSocket socket) => _socket = socket;

    /// <summary>Subscribes.</summary>
    /// <param name="groups">What to be told of.</param>
    /// <param name="inside">The namespace; null for the process's own.</param>
    /// <param name="queueBytes">How much the kernel may queue for a slow reader.</param>
    public static RtnlMonitor Open(RtnlGroups groups, NetworkNamespace? inside = null, int queueBytes = DefaultQueue) =>
        new(NetlinkSocket.Open(0, inside, queueBytes, [.. Numbers(groups)]));

    /// <summary>The events, without end; one reader at a time. The sequence ends when the monitor is disposed.</summary>
    public async IAsyncEnumerable<RtnlEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        var buffer = new NetlinkSocket.Holder();
        List<RtnlEvent> events = [];
        while (true)
        {
            try
            {
                ReadOnlyMemory<byte>? datagram = await _socket.ReceiveAsync(buffer, either.Token).ConfigureAwait(false);
                if (datagram is { } bytes)
                    RtnlEventParser.Parse(bytes.Span, events);
                else
                    events.Add(new ResyncEvent());
            }
            catch (Exception e) when (_stop.IsCancellationRequested && !cancellation.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException)
            {
                yield break;
            }

            foreach (RtnlEvent @event in events)
                yield return @event;
            events.Clear();
        }
    }

    /// <summary>Unsubscribes.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
    }

    private static IEnumerable<uint> Numbers(RtnlGroups groups)
    {
        // RTNLGRP_* (linux/rtnetlink.h), IPv4 and IPv6
        (RtnlGroups Group, uint[] Numbers)[] known =
        [
            (RtnlGroups.Links, [1]),
            (RtnlGroups.Neighbours, [3]),
            (RtnlGroups.Addresses, [5, 9]),
            (RtnlGroups.Routes, [7, 11]),
            (RtnlGroups.Rules, [8, 19]),
            (RtnlGroups.Multicast, [26]),
        ];
        return known.Where(entry => groups.HasFlag(entry.Group)).SelectMany(entry => entry.Numbers);
    }
}
