using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Peers;

/// <summary>A node that serves flows.</summary>
/// <param name="Name">"cluster/node", or the node alone in the cluster "default".</param>
/// <param name="Address">Address and port of its observer.</param>
/// <param name="TlsServerName">Name in its certificate; null: it speaks no TLS.</param>
public sealed record Peer(string Name, string Address, string? TlsServerName)
{
    /// <summary>The name that a node's certificate carries: dots of names become dashes, so that one wildcard covers all.</summary>
    public static string ServerName(string cluster, string node) =>
        $"{node.Replace('.', '-')}.{(cluster.Length == 0 ? "default" : cluster.Replace('.', '-'))}.hubble-grpc.cilium.io";
}

/// <summary>The service <c>peer.Peer</c>: all peers, then every change. A client that reads slowly gets the changes merged.</summary>
public sealed class PeerRegistry
{
    private readonly Lock _lock = new();
    private Dictionary<string, Peer> _peers = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All peers now.</summary>
    public IReadOnlyCollection<Peer> Peers => Volatile.Read(ref _peers).Values;

    /// <summary>Adds the service to a server.</summary>
    public void AddTo(RpcServer server)
    {
        server.Describe(PeerReflection.Descriptor.Services[0]);
        server.AddServerStreaming(HubbleMethods.Notify, NotifyAsync);
    }

    /// <summary>These are all peers now.</summary>
    public void Set(IEnumerable<Peer> peers)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            Volatile.Write(ref _peers, peers.ToDictionary(p => p.Name, StringComparer.Ordinal));
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    private async Task NotifyAsync(NotifyRequest request, IRpcWriter<ChangeNotification> writer, RpcServerCall call)
    {
        var told = new Dictionary<string, Peer>(StringComparer.Ordinal);
        while (true)
        {
            Dictionary<string, Peer> now;
            Task changed;
            lock (_lock)
            {
                (now, changed) = (_peers, _changed.Task);
            }

            foreach (var peer in told.Values.Where(p => !now.ContainsKey(p.Name)).ToArray())
            {
                told.Remove(peer.Name);
                writer.Write(Message(peer, ChangeNotificationType.PeerDeleted));
            }

            foreach (var peer in now.Values)
            {
                if (!told.TryGetValue(peer.Name, out var before))
                {
                    writer.Write(Message(peer, ChangeNotificationType.PeerAdded));
                }
                else if (before != peer)
                {
                    writer.Write(Message(peer, ChangeNotificationType.PeerUpdated));
                }

                told[peer.Name] = peer;
            }

            await writer.FlushAsync().ConfigureAwait(false);
            await changed.WaitAsync(call.Cancellation).ConfigureAwait(false);
        }
    }

    private static ChangeNotification Message(Peer peer, ChangeNotificationType type) => new()
    {
        Name = peer.Name,
        Address = peer.Address,
        Type = type,
        Tls = peer.TlsServerName is null ? null : new TLS { ServerName = peer.TlsServerName },
    };
}
