using System.Buffers.Binary;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// port-forward over a plain WebSocket, as clients without SPDY do it (v4.channel.k8s.io): for each port of the query two channels,
/// data and error. Messages begin with the channel's number; the first one of each holds the port.
/// </summary>
internal static class PortForwardChannels
{
    public const string Protocol = "v4.channel.k8s.io";
    private const int MaxPorts = 16, MaxMessage = 1024 * 1024;

    /// <summary>How long a client may take to answer the end.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(ApiRequest request, INodeRuntime node, CancellationToken stopping)
    {
        var texts = request.Http.Request.Query["ports"].SelectMany(p => (p ?? "").Split(',')).ToArray();
        var ports = texts.Select(t => ushort.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : (ushort)0).ToArray();
        if (ports.Length is 0 or > MaxPorts || ports.Contains((ushort)0))
        {
            throw ApiException.BadRequest($"query parameter \"ports\" must name 1 to {MaxPorts} ports");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, stopping);
        using var socket = await request.Http.WebSockets.AcceptWebSocketAsync(Protocol);
        using var sending = new SemaphoreSlim(1, 1);
        var targets = new Stream?[ports.Length];
        try
        {
            var down = new List<Task>();
            for (var i = 0; i < ports.Length; i++)
            {
                var header = new byte[2];
                BinaryPrimitives.WriteUInt16LittleEndian(header, ports[i]);
                await SendAsync(socket, sending, 2 * i, header, stop.Token);
                await SendAsync(socket, sending, (2 * i) + 1, header, stop.Token);
                try
                {
                    targets[i] = await node.ConnectPortAsync(request.Namespace!, request.Name!, ports[i], stop.Token);
                    down.Add(DownAsync(socket, sending, 2 * i, targets[i]!, stop.Token));
                }
                catch (Exception e) when (e is NodeRuntimeException or IOException or System.Net.Sockets.SocketException)
                {
                    await SendAsync(socket, sending, (2 * i) + 1, Encoding.UTF8.GetBytes($"error forwarding port {ports[i]} to pod {request.Name}: {e.Message}"), stop.Token);
                }
            }

            // Whoever ends first ends it: the client by leaving, the pod by closing all its connections.
            var up = UpAsync(socket, targets, stop.Token);
            await Task.WhenAny(up, Task.WhenAll(down));
            if (socket.State == WebSocketState.Open)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop.Token);

                // Its answer is waited for: a receive that is cancelled resets the connection, and what was said last may be lost with it.
                await Task.WhenAny(up, Task.Delay(Farewell, stop.Token));
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The client has gone.
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var target in targets.OfType<Stream>())
            {
                await target.DisposeAsync();
            }
        }
    }

    private static async Task UpAsync(WebSocket socket, Stream?[] targets, CancellationToken cancellation)
    {
        var buffer = new byte[32 * 1024];
        var (channel, size) = (-1, 0);
        while (await socket.ReceiveAsync(buffer.AsMemory(), cancellation) is { MessageType: not WebSocketMessageType.Close } part)
        {
            var data = buffer.AsMemory(0, part.Count);
            if (channel < 0 && data.Length > 0)
            {
                (channel, data, size) = (data.Span[0], data[1..], 0);
            }

            if ((size += data.Length) > MaxMessage)
            {
                return;
            }

            if (channel >= 0 && channel % 2 == 0 && channel / 2 < targets.Length && targets[channel / 2] is { } target)
            {
                await target.WriteAsync(data, cancellation);
            }

            channel = part.EndOfMessage ? -1 : channel;
        }
    }

    private static async Task DownAsync(WebSocket socket, SemaphoreSlim sending, int channel, Stream target, CancellationToken cancellation)
    {
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await target.ReadAsync(buffer, cancellation)) > 0)
        {
            await SendAsync(socket, sending, channel, buffer.AsMemory(0, read), cancellation);
        }
    }

    private static async Task SendAsync(WebSocket socket, SemaphoreSlim sending, int channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var frame = new byte[data.Length + 1];
        frame[0] = (byte)channel;
        data.CopyTo(frame.AsMemory(1));
        await sending.WaitAsync(cancellation);
        try
        {
            await socket.SendAsync(frame.AsMemory(), WebSocketMessageType.Binary, true, cancellation);
        }
        finally
        {
            sending.Release();
        }
    }
}
