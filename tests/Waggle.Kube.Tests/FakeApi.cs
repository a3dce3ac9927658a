using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Config;

namespace Waggle.Kube.Tests;

/// <summary>An HTTP server that answers as a test says and records what it was asked.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeApi(WebApplication app) => _app = app;

    /// <summary>Method and path with query of every request, in order.</summary>
    internal ConcurrentQueue<string> Requests { get; } = new();

    internal ConcurrentQueue<string> Bodies { get; } = new();

    internal Func<HttpContext, Task> Handler { get; set; } = context => Answer(context, 404, """{"kind":"Status","reason":"NotFound","code":404,"message":"nothing here"}""");

    internal Uri Address => new(_app.Urls.First());

    internal static async Task<FakeApi> StartAsync(X509Certificate2? tls = null, ClientCertificateMode clientCertificates = ClientCertificateMode.NoCertificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (tls is not null)
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = tls;
                    https.ClientCertificateMode = clientCertificates;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        var app = builder.Build();
        app.UseWebSockets();
        var api = new FakeApi(app);
        app.Run(async context =>
        {
            api.Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            api.Bodies.Enqueue(context.WebSockets.IsWebSocketRequest ? "" : await reader.ReadToEndAsync());
            await api.Handler(context);
        });
        await app.StartAsync();
        return api;
    }

    internal static async Task Answer(HttpContext context, int code, string json)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    /// <summary>Sends watch lines and flushes each.</summary>
    internal static async Task Lines(HttpContext context, params string[] lines)
    {
        context.Response.ContentType = "application/json";
        foreach (var line in lines)
        {
            await context.Response.WriteAsync(line + "\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    internal KubeClient Client(KubeClientOptions? options = null, ITokenSource? token = null) =>
        new(new KubeConfig { Server = Address, Token = token }, options ?? new() { RetryDelay = TimeSpan.FromMilliseconds(1) });

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
