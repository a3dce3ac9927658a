using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace Waggle.Kube.Exec;

/// <summary>
/// The bytes of one forwarded port. Messages begin with their channel: 0 data, 1 an error as text. The first message of each channel
/// holds the port's number and nothing else.
/// </summary>
internal sealed class PodPortStream(WebSocket socket, string what) : Stream
{
    private const byte Data = 0, Error = 1;
    private const int HeaderBytes = 2;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly int[] _headerLeft = [HeaderBytes, HeaderBytes];
    private int _start, _end;
    private int _channel = -1;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_start < _end)
            {
                var count = Math.Min(buffer.Length, _end - _start);
                _buffer.AsMemory(_start, count).CopyTo(buffer);
                _start += count;
                return count;
            }

            if (buffer.Length == 0)
            {
                return 0;
            }

            if (!await FillAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var frame = ArrayPool<byte>.Shared.Rent(buffer.Length + 1);
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            frame[0] = Data;
            buffer.CopyTo(frame.AsMemory(1));
            await socket.SendAsync(frame.AsMemory(0, buffer.Length + 1), WebSocketMessageType.Binary, true, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException e)
        {
            throw new IOException($"{what}: {e.Message}", e);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
            _sending.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Takes the next piece of a message into the buffer; false: the other side ended.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        try
        {
            var part = await socket.ReceiveAsync(_buffer.AsMemory(), cancellation).ConfigureAwait(false);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            (_start, _end) = (0, part.Count);
            if (_channel < 0 && _end > 0)
            {
                _channel = _buffer[0];
                _start = 1;
            }

            var channel = _channel;
            _channel = part.EndOfMessage ? -1 : _channel;
            if (channel is Data or Error)
            {
                var skip = Math.Min(_headerLeft[channel], _end - _start);
                _headerLeft[channel] -= skip;
                _start += skip;
            }

            if (channel == Error && _start < _end)
            {
                throw new IOException($"{what}: {Encoding.UTF8.GetString(_buffer, _start, Math.Min(_end - _start, 1024)).Trim()}");
            }

            _start = channel == Data ? _start : _end;
            return true;
        }
        catch (WebSocketException e)
        {
            throw new IOException($"{what}: {e.Message}", e);
        }
    }
}
