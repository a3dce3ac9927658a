using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>An OpenTelemetry collector as far as the wire goes: takes protobuf over HTTP.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _bodies = new();
    private int _refused;

    private Collector(WebApplication app) => _app = app;

    public int Port { get; private set; }

    public int Status { get; set; } = 200;

    public int Refused => Volatile.Read(ref _refused);

    /// <summary>What came, as text: the strings in protobuf are readable.</summary>
    public IReadOnlyCollection<string> Bodies => _bodies;

    public static async Task<Collector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        var collector = new Collector(app);
        app.Run(collector.TakeAsync);
        await app.StartAsync();
        collector.Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        bool good = Status == 200 && context.Request.Path == "/v1/logs" && context.Request.ContentType == "application/x-protobuf";
        context.Response.StatusCode = good ? 200 : Status == 200 ? 404 : Status;
        if (good)
        {
            _bodies.Enqueue(Encoding.UTF8.GetString(body.ToArray()));
        }
        else
        {
            Interlocked.Increment(ref _refused);
        }
    }
}
