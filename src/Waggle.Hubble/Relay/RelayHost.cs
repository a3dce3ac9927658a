using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Waggle.Hosting;
using Waggle.Hosting.Http;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Rpc.Tls;

namespace Waggle.Hubble.Relay;

/// <summary>Runs one relay: one door for the flows of all nodes. It keeps no state; several may run.</summary>
public static partial class RelayHost
{
    /// <summary>Runs until cancelled.</summary>
    /// <returns>0 after a stop that was asked for, 1 when it cannot start (the log says why).</returns>
    public static async Task<int> RunAsync(RelayArguments arguments, CancellationToken cancellation)
    {
        using var logs = RoleLogging.Create(arguments.Debug);
        var log = logs.CreateLogger("relay");
        if (!HttpEndpoint.TryParseAddress(arguments.ListenAddress, out var listen))
        {
            LogBadArgument(log, "--listen-address", arguments.ListenAddress);
            return 1;
        }

        if (!RpcTarget.TryParse(arguments.PeerService, out var peerService))
        {
            LogBadArgument(log, "--peer-service", arguments.PeerService);
            return 1;
        }

        var time = TimeProvider.System;
        var options = new RelayOptions();
        var client = new CertificateFiles(arguments.ClientCertificateFile, arguments.ClientKeyFile, arguments.HubbleServerAuthorityFiles, time, logs.CreateLogger<CertificateFiles>());
        RpcChannel Connect(RpcTarget target, string? serverName) => new(target, new RpcChannelOptions
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            KeepAlive = TimeSpan.FromSeconds(10),
            Tls = serverName is null ? null : new RpcTlsOptions { ServerName = serverName, Authorities = () => client.Current.Authorities, ClientCertificate = () => client.Current.Certificate },
        });

        using var peers = Connect(peerService, peerService.Tls && !arguments.DisableClientTls ? peerService.Host : null);
        await using var pool = new RelayPool(peers, peer => Connect(TargetOf(peer), arguments.DisableClientTls ? null : peer.TlsServerName), options, time, logs.CreateLogger<RelayPool>());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var server = new RpcServer(logs.CreateLogger<RpcServer>(), stop.Token);
        new RelayObserver(pool, options, Environment.MachineName, $"waggle v{typeof(RelayHost).Assembly.GetName().Version?.ToString(3)}", time).AddTo(server);
        _ = new RpcHealth(server);
        RpcReflection.AddTo(server);
        var tls = arguments.DisableServerTls ? null
            : new CertificateFiles(arguments.ServerCertificateFile, arguments.ServerKeyFile, arguments.ClientAuthorityFiles, time, logs.CreateLogger<CertificateFiles>());
        try
        {
            await using var listener = await RpcListener.TcpAsync(listen, server, tls, arguments.ClientAuthorityFiles.Count > 0, logs, cancellation).ConfigureAwait(false);
            LogServing(log, arguments.ListenAddress, arguments.PeerService);
            await using var metrics = arguments.MetricsAddress.Length > 0 && HttpEndpoint.TryParseAddress(arguments.MetricsAddress, out var where)
                ? MetricsEndpoint.Create(where, [new ProcessMetrics(), new RelayMetrics(pool)], logs) : null;
            if (metrics is not null)
            {
                await metrics.StartAsync(cancellation).ConfigureAwait(false);
            }

            await pool.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            LogCannotStart(log, e.Message);
            return 1;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }

        return 0;
    }

    /// <summary>A peer with an address that makes no sense gets one that never answers, and so is told as unavailable.</summary>
    private static RpcTarget TargetOf(Peer peer) => RpcTarget.TryParse(peer.Address, out var target) ? target : RpcTarget.Unix("/nonexistent/" + peer.Name);

    [LoggerMessage(7041, LogLevel.Information, "serving on {Address}, nodes from {PeerService}")]
    private static partial void LogServing(ILogger log, string address, string peerService);

    [LoggerMessage(7042, LogLevel.Error, "{Argument}: \"{Value}\" is not an address")]
    private static partial void LogBadArgument(ILogger log, string argument, string value);

    [LoggerMessage(7043, LogLevel.Error, "the relay cannot start: {Problem}")]
    private static partial void LogCannotStart(ILogger log, string problem);
}

/// <summary>Figures of a relay.</summary>
internal sealed class RelayMetrics(RelayPool pool) : IMetricsSource
{
    public void Write(MetricsWriter writer)
    {
        var nodes = pool.Now.Nodes;
        writer.Family("hubble_relay_pool_peer_connection_status", "gauge", "Nodes by state of their connection.")
            .Sample(nodes.Count(n => n.Available == true), ("status", "READY"))
            .Sample(nodes.Count(n => n.Available == false), ("status", "TRANSIENT_FAILURE"))
            .Sample(nodes.Count(n => n.Available is null), ("status", "CONNECTING"));
    }
}
