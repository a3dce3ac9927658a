using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Waggle.Hubble.Rpc.Tls;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>One listening address of an <see cref="RpcServer"/>.</summary>
public sealed class RpcListener : IAsyncDisposable
{
    private const int MaxConnections = 1024;
    private readonly WebApplication _app;

    private RpcListener(WebApplication app) => _app = app;

    /// <summary>Port that the system chose, or that was asked for; 0 for unix sockets.</summary>
    public int Port { get; private set; }

    /// <summary>Listens on a unix socket; what a dead process left at the path is replaced. Readable and writable by the owner and group.</summary>
    public static async Task<RpcListener> UnixAsync(string path, RpcServer server, ILoggerFactory logs, CancellationToken cancellation = default)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }

        File.Delete(path);
        var listener = await StartAsync(k => k.ListenUnixSocket(path, o => o.Protocols = HttpProtocols.Http2), server, logs, cancellation).ConfigureAwait(false);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        return listener;
    }

    /// <summary>Listens on TCP.</summary>
    /// <param name="address">Port 0: the system chooses.</param>
    /// <param name="server">Serves.</param>
    /// <param name="tls">Server certificate, and authorities of clients; null: no TLS.</param>
    /// <param name="requireClientCertificate">Refuse clients without a certificate of those authorities.</param>
    /// <param name="logs">Logging.</param>
    /// <param name="cancellation">Ends the start.</param>
    public static Task<RpcListener> TcpAsync(
        IPEndPoint address, RpcServer server, CertificateFiles? tls, bool requireClientCertificate, ILoggerFactory logs, CancellationToken cancellation = default) =>
        StartAsync(
            k => k.Listen(address, o =>
            {
                o.Protocols = HttpProtocols.Http2;
                if (tls is not null)
                {
                    ServerTls.Use(o, tls, requireClientCertificate, SslApplicationProtocol.Http2);
                }
            }),
            server, logs, cancellation);

    public async ValueTask DisposeAsync()
    {
        using (var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1)))
        {
            await _app.StopAsync(soon.Token).ConfigureAwait(false);
        }

        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<RpcListener> StartAsync(Action<KestrelServerOptions> listen, RpcServer server, ILoggerFactory logs, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxConcurrentConnections = MaxConnections;
            k.Limits.MinRequestBodyDataRate = null;
            k.Limits.MinResponseDataRate = null; // a client that reads slowly is told what it missed, not cut off
            k.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            k.Limits.Http2.MaxStreamsPerConnection = 256;
            k.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            k.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
            listen(k);
        });
        builder.Services.AddSingleton(logs);
        var app = builder.Build();
        app.Run(server.HandleAsync);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return new RpcListener(app) { Port = url is not null && !url.Contains("unix:", StringComparison.Ordinal) && Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.Port : 0 };
    }
}
