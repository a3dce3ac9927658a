using Microsoft.Extensions.Logging;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Hubble.Relay;

/// <summary>The nodes as the peer service names them. While it is away, the nodes known stay.</summary>
public sealed partial class RelayPool(RpcChannel peerService, Func<Peer, RpcChannel> connect, RelayOptions options, TimeProvider time, ILogger<RelayPool> logger) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Dictionary<string, RelayNode> _nodes = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All nodes, sorted by name, and what ends when something about them changes.</summary>
    public (IReadOnlyList<RelayNode> Nodes, Task Changed) Now
    {
        get
        {
            lock (_lock)
            {
                return ([.. _nodes.Values.OrderBy(n => n.Peer.Name, StringComparer.Ordinal)], _changed.Task);
            }
        }
    }

    /// <summary>Whether the peer service answers.</summary>
    public bool Connected { get; private set; }

    /// <summary>Follows the peer service until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = options.MinBackoff;
        while (true)
        {
            try
            {
                // What is not told again by a new stream is gone.
                var told = new HashSet<string>(StringComparer.Ordinal);
                using var settled = new CancellationTokenSource();
                var pruning = PruneAsync(told, settled.Token);
                try
                {
                    await foreach (var change in peerService.StreamAsync(HubbleMethods.Notify, new NotifyRequest(), cancellation: cancellation).ConfigureAwait(false))
                    {
                        Connected = true;
                        backoff = options.MinBackoff;
                        await ApplyAsync(change, told).ConfigureAwait(false);
                    }
                }
                finally
                {
                    await settled.CancelAsync().ConfigureAwait(false);
                    await pruning.ConfigureAwait(false);
                }

                LogPeersLost("the stream ended");
            }
            catch (RpcException e)
            {
                LogPeersLost(e.Message);
            }

            Connected = false;
            await Task.Delay(backoff, time, cancellation).ConfigureAwait(false);
            backoff = backoff * 2 < options.MaxBackoff ? backoff * 2 : options.MaxBackoff;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Dictionary<string, RelayNode> nodes;
        lock (_lock)
        {
            (nodes, _nodes) = (_nodes, new(StringComparer.Ordinal));
        }

        foreach (var node in nodes.Values)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(ChangeNotification change, HashSet<string> told)
    {
        RelayNode? old;
        lock (_lock)
        {
            if (change.Type == ChangeNotificationType.PeerDeleted)
            {
                told.Remove(change.Name);
                _nodes.Remove(change.Name, out old);
            }
            else
            {
                told.Add(change.Name);
                var peer = new Peer(change.Name, change.Address, change.Tls?.ServerName);
                if (_nodes.TryGetValue(change.Name, out old) && old.Peer == peer)
                {
                    return;
                }

                if (old is null && _nodes.Count >= options.MaxNodes)
                {
                    LogTooMany(change.Name, options.MaxNodes);
                    return;
                }

                _nodes[change.Name] = new RelayNode(peer, connect(peer), options, time, Pulse);
            }
        }

        Pulse();
        if (old is not null)
        {
            await old.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Some time after a new stream began, nodes that it did not name are gone.</summary>
    private async Task PruneAsync(HashSet<string> told, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(options.GiveUp, time, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        List<RelayNode> gone;
        lock (_lock)
        {
            gone = Connected ? [.. _nodes.Values.Where(n => !told.Contains(n.Peer.Name))] : [];
            foreach (var node in gone)
            {
                _nodes.Remove(node.Peer.Name);
            }
        }

        foreach (var node in gone)
        {
            Pulse();
            await node.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Pulse()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    [LoggerMessage(7031, LogLevel.Warning, "the peer service does not answer, the nodes known stay: {Problem}")]
    private partial void LogPeersLost(string problem);

    [LoggerMessage(7032, LogLevel.Error, "node {Name} is not served: {Limit} nodes are the limit")]
    private partial void LogTooMany(string name, int limit);
}
