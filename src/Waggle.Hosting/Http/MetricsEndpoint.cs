using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;

namespace Waggle.Hosting.Http;

/// <summary><c>/metrics</c> in the Prometheus text format.</summary>
public static class MetricsEndpoint
{
    /// <summary>Makes the server; it is not started.</summary>
    /// <param name="openMetrics">Answer in OpenMetrics to those who ask for it: it carries exemplars.</param>
    /// <param name="listen">Settings of the socket, such as TLS; null: none.</param>
    public static WebApplication Create(IPEndPoint address, IEnumerable<IMetricsSource> sources, ILoggerFactory logs, bool openMetrics = false, Action<ListenOptions>? listen = null)
    {
        IMetricsSource[] all = [.. sources];
        return HttpEndpoint.Tcp(address, logs, app => app.MapGet("/metrics", context =>
        {
            var writer = new MetricsWriter(openMetrics && context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.Ordinal));
            foreach (IMetricsSource source in all)
            {
                source.Write(writer);
            }

            return HttpEndpoint.WriteAsync(context, StatusCodes.Status200OK, writer.End().ToString(), writer.ContentType);
        }), listen);
    }
}
