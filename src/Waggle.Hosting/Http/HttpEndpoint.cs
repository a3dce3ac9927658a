using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Waggle.Hosting.Http;

/// <summary>A small HTTP server of a role: <c>/metrics</c>, <c>/healthz</c> or the agent's own API.</summary>
public static class HttpEndpoint
{
    /// <summary>Serves <paramref name="configure"/> on a TCP address.</summary>
    /// <param name="address">Where.</param>
    /// <param name="logs">Logging.</param>
    /// <param name="configure">What.</param>
    /// <param name="listen">Settings of the socket, such as TLS; null: none.</param>
    public static WebApplication Tcp(IPEndPoint address, ILoggerFactory logs, Action<WebApplication> configure, Action<ListenOptions>? listen = null) =>
        Build(k => k.Listen(address, listen ?? (_ => { })), logs, configure);

    /// <summary>Serves on a unix socket; what a dead process left at the path is replaced.</summary>
    public static WebApplication Unix(string path, ILoggerFactory logs, Action<WebApplication> configure)
    {
        File.Delete(path);
        return Build(k => k.ListenUnixSocket(path), logs, configure);
    }

    /// <summary>Reads <c>:9962</c> (all addresses), <c>127.0.0.1:9879</c> or <c>[::1]:9879</c>.</summary>
    public static bool TryParseAddress(string text, out IPEndPoint address) =>
        IPEndPoint.TryParse(text.StartsWith(':') ? "[::]" + text : text, out address!) && address.Port > 0;

    /// <summary>Answers with a plain text.</summary>
    public static Task WriteAsync(HttpContext context, int status, string text, string type = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static WebApplication Build(Action<KestrelServerOptions> listen, ILoggerFactory logs, Action<WebApplication> configure)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 1 << 20;
            listen(k);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(logs);
        WebApplication app = builder.Build();
        app.UseRouting();
        configure(app);
        app.UseEndpoints(_ => { });
        return app;
    }
}
