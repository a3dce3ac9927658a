using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Waggle.Lab.ApiServer;

/// <summary>The embedded Kubernetes API server: opens the store, serves HTTPS, stops cleanly.</summary>
/// <remarks>
/// A request passes, in order: Kestrel (TLS) → <see cref="RequestPipeline"/> (authentication, path, authorization)
/// → a handler of the verb → <see cref="ObjectStore"/>. Everything is per host: two hosts in one process share nothing.
/// </remarks>
public sealed class ApiServerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ApiServerRuntime _runtime;

    private ApiServerHost(WebApplication app, ApiServerRuntime runtime, IReadOnlyList<IPEndPoint> addresses)
    {
        _app = app;
        _runtime = runtime;
        Addresses = addresses;
    }

    /// <summary>Addresses bound for the <see cref="ApiEndpoint.Tcp"/> endpoints, in the order given, with real ports.</summary>
    public IReadOnlyList<IPEndPoint> Addresses { get; }

    /// <summary>Opens the store (replaying its journal), creates the resources every cluster has, and starts to listen.</summary>
    /// <exception cref="StoreException">The data directory is unusable or damaged; the message says which file and what to do.</exception>
    /// <exception cref="IOException">An address is in use.</exception>
    public static async Task<ApiServerHost> StartAsync(ApiServerOptions options, ILoggerFactory? loggers = null, CancellationToken cancellation = default)
    {
        loggers ??= NullLoggerFactory.Instance;
        var runtime = await ApiServerRuntime.OpenAsync(options, loggers, cancellation);
        try
        {
            var app = Build(options, runtime, loggers);
            try
            {
                await app.StartAsync(cancellation);
            }
            catch
            {
                await app.DisposeAsync();
                throw;
            }
            return new ApiServerHost(app, runtime, BoundAddresses(app));
        }
        catch
        {
            await runtime.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends watches and streams, waits for running requests (bounded), and closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        _runtime.BeginShutdown();
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            try
            {
                await _app.StopAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // Requests that do not end in time are cut: their clients see a closed connection, never a lost write.
            }
        }
        await _app.DisposeAsync();
        await _runtime.DisposeAsync();
    }

    private static WebApplication Build(ApiServerOptions options, ApiServerRuntime runtime, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "waggle-apiserver" });
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The limit itself is held where bodies are read. Kestrel's is wider, so that a client that sends too much gets to read the answer.
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes * 8L;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
            foreach (var endpoint in options.Endpoints)
            {
                switch (endpoint)
                {
                    case ApiEndpoint.Tcp tcp:
                        kestrel.Listen(tcp.Address, listen => Secure(listen, runtime));
                        break;
                    case ApiEndpoint.Listening ready:
                        kestrel.ListenHandle((ulong)ready.Socket.Release(), listen => Secure(listen, runtime));
                        break;
                }
            }
        });
        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30) });
        app.Run(runtime.Pipeline.HandleAsync);
        return app;
    }

    private static void Secure(ListenOptions listen, ApiServerRuntime runtime)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = runtime.Options.Pki.ServerCertificate,
            SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            // A certificate of another CA is not an error of the connection: the request is answered 401 as Kubernetes does.
            ClientCertificateValidation = static (_, _, _) => true,
        });
    }

    private static List<IPEndPoint> BoundAddresses(WebApplication app)
    {
        var bound = new List<IPEndPoint>();
        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip))
            {
                bound.Add(new IPEndPoint(ip, uri.Port));
            }
        }
        return bound;
    }
}
