using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>exec and attach over WebSocket: each message begins with its channel's number (v4 and v5.channel.k8s.io).</summary>
internal sealed class WebSocketChannels(WebSocket socket, bool closeSignals) : IClientChannels
{
    public static readonly string[] Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const int MaxMessage = 1024 * 1024;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ArrayBufferWriter<byte> _received = new(4096);

    public async ValueTask<ClientMessage?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            _received.ResetWrittenCount();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(_received.GetMemory(4096), cancellation);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }
                _received.Advance(part.Count);
                if (_received.WrittenCount > MaxMessage)
                {
                    throw new InvalidDataException("a WebSocket message is too large");
                }
            }
            while (!part.EndOfMessage);
            var data = _received.WrittenMemory;
            if (data.Length == 0)
            {
                continue;
            }
            switch ((Channel)data.Span[0])
            {
                case Channel.Stdin:
                    return new ClientMessage(Channel.Stdin, data[1..], false);
                case Channel.Resize:
                    return new ClientMessage(Channel.Resize, data[1..], false);
                case Channel.Close when closeSignals && data.Length == 2 && data.Span[1] == (byte)Channel.Stdin:
                    return new ClientMessage(Channel.Stdin, default, true);
            }
        }
    }

    public async ValueTask WriteAsync(Channel channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var frame = ArrayPool<byte>.Shared.Rent(data.Length + 1);
        frame[0] = (byte)channel;
        data.CopyTo(frame.AsMemory(1));
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.SendAsync(frame.AsMemory(0, data.Length + 1), WebSocketMessageType.Binary, true, cancellation);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    public async Task FinishAsync(JsonObject status, CancellationToken cancellation)
    {
        await WriteAsync(Channel.Error, JsonText.Write(status), cancellation);
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        _sending.Dispose();
        return ValueTask.CompletedTask;
    }
}
