using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>port-forward: pairs of SPDY streams (data and error) with the same request id, over an upgraded connection or inside a WebSocket.</summary>
internal static class PortForward
{
    private const string Protocol = "portforward.k8s.io";
    private const string Tunnel = "SPDY/3.1+portforward.k8s.io";

    public static async Task RunAsync(ApiRequest request, INodeRuntime node, CancellationToken stopping)
    {
        SpdyConnection connection;
        if (request.Http.WebSockets.IsWebSocketRequest)
        {
            if (request.Http.WebSockets.WebSocketRequestedProtocols.Contains(PortForwardChannels.Protocol))
            {
                await PortForwardChannels.RunAsync(request, node, stopping);
                return;
            }
            if (!request.Http.WebSockets.WebSocketRequestedProtocols.Contains(Tunnel))
            {
                throw ApiException.BadRequest($"unable to negotiate protocol: supported: {Tunnel}, {PortForwardChannels.Protocol}");
            }
            connection = new SpdyConnection(new WebSocketStream(await TunnelWebSocket.AcceptAsync(request.Http, Tunnel)));
        }
        else if (request.Http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && SpdyUpgrade.IsRequested(request.Http))
        {
            if (SpdyUpgrade.Protocol(request.Http, [Protocol]) is null)
            {
                throw new ApiException(403, "Forbidden", $"unable to negotiate protocol: supported: {Protocol}");
            }
            connection = await SpdyUpgrade.AcceptAsync(request.Http, Protocol);
        }
        else
        {
            throw ApiException.BadRequest("Upgrade request required");
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, stopping);
        await using (connection)
        {
            connection.Start(stop.Token);
            var half = new ConcurrentDictionary<string, SpdyStream>();
            var work = new List<Task>();
            await foreach (var stream in connection.Accepted.ReadAllAsync(stop.Token))
            {
                var id = stream.Headers.GetValueOrDefault("requestid", "");
                // The two streams of a connection come in either order.
                if (half.TryRemove(id, out var other))
                {
                    var (data, error) = stream.Headers.GetValueOrDefault("streamtype") == "data" ? (stream, other) : (other, stream);
                    work.RemoveAll(t => t.IsCompleted);
                    work.Add(ForwardAsync(request, node, data, error, connection.Ended));
                }
                else
                {
                    half[id] = stream;
                }
            }
            await Task.WhenAll(work);
        }
    }

    private static async Task ForwardAsync(ApiRequest request, INodeRuntime node, SpdyStream data, SpdyStream error, CancellationToken ended)
    {
        try
        {
            if (!ushort.TryParse(data.Headers.GetValueOrDefault("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            {
                await FailAsync(data, error, "the header \"port\" must be a port number", ended);
                return;
            }
            await using var target = await node.ConnectPortAsync(request.Namespace!, request.Name!, port, ended);
            var up = UpAsync(data, target, ended);
            await DownAsync(data, target, ended);
            await data.CloseAsync(ended);
            await error.CloseAsync(ended);
            await up;
        }
        catch (Exception e) when (e is NodeRuntimeException or IOException or System.Net.Sockets.SocketException)
        {
            await FailAsync(data, error, $"error forwarding port {data.Headers.GetValueOrDefault("port")} to pod {request.Name}: {e.Message}", ended);
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
        finally
        {
            data.Forget();
            error.Forget();
        }
    }

    private static async Task UpAsync(SpdyStream data, Stream target, CancellationToken ended)
    {
        try
        {
            await foreach (var part in data.Incoming.ReadAllAsync(ended))
            {
                await target.WriteAsync(part, ended);
            }
            if (target is System.Net.Sockets.NetworkStream network)
            {
                network.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The other direction reports what there is to report.
        }
    }

    private static async Task DownAsync(SpdyStream data, Stream target, CancellationToken ended)
    {
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await target.ReadAsync(buffer, ended)) > 0)
        {
            await data.WriteAsync(buffer.AsMemory(0, read), ended);
        }
    }

    private static async Task FailAsync(SpdyStream data, SpdyStream error, string message, CancellationToken ended)
    {
        try
        {
            await error.WriteAsync(Encoding.UTF8.GetBytes(message), ended);
            await error.CloseAsync(ended);
            await data.ResetAsync(ended);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody is there to be told.
        }
    }
}
