using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;

namespace Waggle.Hosting.Http;

/// <summary><c>/metrics</c> in the Prometheus text format.</summary>
public static class MetricsEndpoint
{
    /// <summary>Makes the server; it is not started.</summary>
    public static WebApplication Create(IPEndPoint address, IEnumerable<IMetricsSource> sources, ILoggerFactory logs)
    {
        IMetricsSource[] all = [.. sources];
        return HttpEndpoint.Tcp(address, logs, app => app.MapGet("/metrics", context =>
        {
            var writer = new MetricsWriter();
            foreach (IMetricsSource source in all)
            {
                source.Write(writer);
            }

            return HttpEndpoint.WriteAsync(context, StatusCodes.Status200OK, writer.ToString(), "text/plain; version=0.0.4; charset=utf-8");
        }));
    }
}
