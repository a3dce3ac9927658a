using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Startup;
using Waggle.Hosting.Http;
using Waggle.Hosting.Metrics;
using Waggle.State.Tables;

namespace Waggle.Agent.Api;

/// <summary>A feature's part of the local API.</summary>
internal interface IApiRoutes
{
    void Map(IEndpointRouteBuilder app);
}

/// <summary>The agent's doors: the local API on <c>cilium.sock</c>, <c>/metrics</c> and <c>/healthz</c>.</summary>
internal sealed partial class ApiService(
    StateDb db, StatusReport status, ConfigState config, Readiness readiness, IEnumerable<IApiRoutes> routes, IEnumerable<IMetricsSource> metrics, ILoggerFactory logs, ILogger<ApiService> logger) : IHostedService, IAsyncDisposable
{
    private readonly List<WebApplication> _servers = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        string directory = config.Current["state-dir"];
        Directory.CreateDirectory(directory);
        string socket = Path.Combine(directory, "cilium.sock");
        await StartAsync(HttpEndpoint.Unix(socket, logs, MapApi), socket, cancellationToken).ConfigureAwait(false);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string health = $"127.0.0.1:{config.Current["agent-health-port"]}";
        await StartAsync(HttpEndpoint.Tcp(IPEndPoint.Parse(health), logs, MapHealth), health, cancellationToken).ConfigureAwait(false);
        if (config.Current["prometheus-serve-addr"] is { Length: > 0 } address && HttpEndpoint.TryParseAddress(address, out IPEndPoint where))
        {
            await StartAsync(MetricsEndpoint.Create(where, metrics, logs), address, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_servers.Select(s => s.StopAsync(cancellationToken)));

    public async ValueTask DisposeAsync()
    {
        foreach (WebApplication server in _servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void MapApi(WebApplication app)
    {
        app.MapTables(db);
        app.MapGet("/v1/status", context => TableRoutes.JsonAsync(context, status.Make()));
        app.MapGet("/v1/config", context => TableRoutes.JsonAsync(context, new System.Text.Json.Nodes.JsonObject(
            config.Table.View.All().Select(r => KeyValuePair.Create(r.Key, (System.Text.Json.Nodes.JsonNode?)r.Value)))));
        foreach (IApiRoutes part in routes)
        {
            part.Map(app);
        }
    }

    private void MapHealth(WebApplication app)
    {
        app.MapGet("/healthz", context => readiness.Ready.IsCompleted
            ? HttpEndpoint.WriteAsync(context, StatusCodes.Status200OK, "ok\n")
            : HttpEndpoint.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"not ready: {readiness.Current}\n"));
        app.MapGet("/healthz/live", context => HttpEndpoint.WriteAsync(context, StatusCodes.Status200OK, "ok\n"));
    }

    /// <summary>An address in use must not keep the node from working.</summary>
    private async Task StartAsync(WebApplication server, string where, CancellationToken cancellation)
    {
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
            _servers.Add(server);
        }
        catch (IOException e)
        {
            LogNotListening(where, e.Message);
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    [LoggerMessage(1071, LogLevel.Error, "not listening on {Address}: {Problem}")]
    private partial void LogNotListening(string address, string problem);
}
