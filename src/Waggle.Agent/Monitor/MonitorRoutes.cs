using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Waggle.Agent.Api;

namespace Waggle.Agent.Monitor;

/// <summary><c>/v1/monitor</c>: events as they happen, one JSON object on each line. Traces are made while somebody watches.</summary>
internal sealed class MonitorRoutes(EventHub hub, MonitorDemand demand) : IApiRoutes
{
    public void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/monitor", WatchAsync);

    private async Task WatchAsync(HttpContext context)
    {
        using EventHub.Subscription events = hub.Watch();
        using IDisposable wanted = demand.Watch();
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
            while (true)
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
                idle.CancelAfter(TimeSpan.FromSeconds(15));
                var batch = new StringBuilder();
                try
                {
                    await events.Lines.WaitToReadAsync(idle.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
                {
                    batch.Append('\n'); // an idle connection shows whether the watcher is still there
                }

                while (batch.Length < 65536 && events.Lines.TryRead(out string? line))
                {
                    batch.Append(line).Append('\n');
                }

                if (events.TakeLost() is var lost and > 0)
                {
                    batch.Append("{\"type\":\"lost\",\"count\":").Append(lost).Append("}\n");
                }

                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(batch.ToString()), context.RequestAborted).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
