using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Hubble;
using Waggle.Agent.Kubernetes;
using Waggle.Hosting.Config;
using Waggle.Hosting.Http;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Rpc.Tls;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>Counts flows and serves the figures on their own port.</summary>
internal sealed partial class HubbleMetricsService(
    HubbleMetrics metrics, IFlowSource flows, KubeSources kube, ConfigState config, IEnumerable<HubbleExportService> exports, HubbleState state, TimeProvider time, ILoggerFactory logs, ILogger<HubbleMetricsService> logger) : BackgroundService
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string path = config.Current["hubble-dynamic-metrics-config-path"];
        if (path.Length == 0)
        {
            Configure("hubble-metrics", () => MetricsSyntax.Parse(config.Current["hubble-metrics"]));
        }

        kube.CiliumEndpoints.OnChange(change =>
        {
            if (change.New is null && change.Old is { } gone)
            {
                metrics.PodGone(gone.Metadata.Namespace ?? "", gone.Metadata.Name ?? "");
            }
        });
        IFlowSubscription subscription = flows.Subscribe(metrics, config.Current.Number("hubble-event-queue-size"));
        await using (subscription.ConfigureAwait(false))
        {
            WebApplication? server = await ServeAsync(stoppingToken).ConfigureAwait(false);
            try
            {
                await FollowAsync(path, stoppingToken).ConfigureAwait(false);
            }
            finally
            {
                if (server is not null)
                {
                    await server.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }

    // A port in use must not keep the node from working.
    private async Task<WebApplication?> ServeAsync(CancellationToken cancellation)
    {
        string address = config.Current["hubble-metrics-server"];
        if (!HttpEndpoint.TryParseAddress(address, out IPEndPoint where))
        {
            LogProblem($"hubble-metrics-server: \"{address}\" is not an address with a port, as in :9965");
            state.Metrics($"hubble-metrics-server: \"{address}\" is no address with a port");
            return null;
        }

        WebApplication server = MetricsEndpoint.Create(where, [metrics, .. exports], logs, config.Current.Flag("enable-hubble-open-metrics"), Tls());
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
            state.Metrics("");
            return server;
        }
        catch (IOException failure)
        {
            LogProblem($"Hubble's metrics are not served on {address}: {failure.Message}");
            state.Metrics($"{address}: {failure.Message}");
            await server.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>What makes the port speak TLS, if it shall. Files that do not exist yet are waited for: until then connections fail.</summary>
    private Action<ListenOptions>? Tls()
    {
        WaggleConfig settings = config.Current;
        if (!settings.Flag("hubble-metrics-server-enable-tls"))
        {
            return null;
        }

        string[] authorities = HubbleOutletServices.Words(settings["hubble-metrics-server-tls-client-ca-files"]);
        var files = new CertificateFiles(settings["hubble-metrics-server-tls-cert-file"], settings["hubble-metrics-server-tls-key-file"], authorities, time, logs.CreateLogger<CertificateFiles>());
        return listen => ServerTls.Use(listen, files, authorities.Length > 0, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11);
    }

    private async Task FollowAsync(string path, CancellationToken cancellation)
    {
        string? applied = null;
        while (true)
        {
            if (path.Length > 0 && Read(path) is { } text && text != applied)
            {
                applied = text;
                Configure(path, () => MetricsFile.Parse(text));
            }

            await Task.Delay(path.Length > 0 ? LookAgain : Timeout.InfiniteTimeSpan, time, cancellation).ConfigureAwait(false);
        }
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Configure(string where, Func<IReadOnlyList<MetricDefinition>> definitions)
    {
        try
        {
            metrics.Configure(definitions());
        }
        catch (MetricsConfigException wrong)
        {
            LogProblem($"{where}: {wrong.Message}; the metrics stay as they were");
        }
    }

    [LoggerMessage(1121, LogLevel.Error, "{Problem}")]
    private partial void LogProblem(string problem);
}
