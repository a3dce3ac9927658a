using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Monitor;
using Waggle.Agent.Nodes;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;
using Waggle.State.Tables;

namespace Waggle.Agent.Hubble;

/// <summary>Serves this node's flows: on the unix socket, and on TCP for the relay.</summary>
internal sealed partial class HubbleService(
    HubbleOptions options, FlowObserver observer, AgentEvents events, MonitorDemand demand, NodeTable nodes, ConfigState config, HubbleState state, IEnumerable<IHubbleService> services, TimeProvider time, ILoggerFactory logs,
    ILogger<HubbleService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (string problem in options.Problems)
        {
            LogProblem(problem);
        }

        using IDisposable wanted = demand.Watch();
        var server = new RpcServer(logs.CreateLogger<RpcServer>(), stoppingToken);
        var peers = new PeerRegistry();
        observer.AddTo(server);
        peers.AddTo(server);
        foreach (IHubbleService service in services)
        {
            service.AddTo(server);
        }

        _ = new RpcHealth(server);
        RpcReflection.AddTo(server);
        events.Started();
        var listeners = new List<RpcListener>();
        try
        {
            await ListenAsync(listeners, () => RpcListener.UnixAsync(options.SocketPath, server, logs, stoppingToken), options.SocketPath).ConfigureAwait(false);
            if (options.Listen is { } address)
            {
                CertificateFiles? tls = options.Tls ? new CertificateFiles(options.CertificateFile, options.KeyFile, options.ClientAuthorityFiles, time, logs.CreateLogger<CertificateFiles>()) : null;
                await ListenAsync(listeners, () => RpcListener.TcpAsync(address, server, tls, options.ClientAuthorityFiles.Count > 0, logs, stoppingToken), address.ToString()).ConfigureAwait(false);
            }

            await FollowNodesAsync(peers, stoppingToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (RpcListener listener in listeners)
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>An address in use must not keep the node from working.</summary>
    private async Task ListenAsync(List<RpcListener> listeners, Func<Task<RpcListener>> start, string where)
    {
        try
        {
            listeners.Add(await start().ConfigureAwait(false));
            state.Listening(where);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            state.Failed(where, e.Message);
            LogNotListening(where, e.Message);
        }
    }

    private async Task FollowNodesAsync(PeerRegistry peers, CancellationToken cancellation)
    {
        await foreach (ChangeBatch<NodeRow> _ in nodes.WatchAsync(cancellation).ConfigureAwait(false))
        {
            peers.Set(options.Listen is null ? [] : nodes.View.All().Select(PeerOf).OfType<Peer>());
        }
    }

    private Peer? PeerOf(NodeRow row)
    {
        IPAddress? address = options.PreferIpv6 ? row.Ipv6 ?? row.Ipv4 : row.Ipv4 ?? row.Ipv6;
        string cluster = config.Current.ClusterName;
        return address is null ? null : new Peer(NodeNames.Of(cluster, row.Name), new IPEndPoint(address, options.Listen!.Port).ToString(), options.Tls ? Peer.ServerName(cluster, row.Name) : null);
    }

    [LoggerMessage(1101, LogLevel.Error, "flows are not served on {Address}: {Problem}")]
    private partial void LogNotListening(string address, string problem);

    [LoggerMessage(1102, LogLevel.Warning, "{Problem}")]
    private partial void LogProblem(string problem);
}

/// <summary>Another service on the same doors, such as the recorder.</summary>
public interface IHubbleService
{
    /// <summary>Adds its methods.</summary>
    void AddTo(RpcServer server);
}
