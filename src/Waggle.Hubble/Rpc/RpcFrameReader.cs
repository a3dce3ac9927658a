using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace Waggle.Hubble.Rpc;

/// <summary>Cuts a body into messages. Memory is bounded by the largest message allowed.</summary>
/// <param name="body">What comes.</param>
/// <param name="maxMessageBytes">Largest message accepted.</param>
/// <param name="gzip">Whether messages may be compressed.</param>
/// <param name="stall">How long the other side may be silent in the middle of a message; null or infinite: for ever.</param>
internal sealed class RpcFrameReader(Stream body, int maxMessageBytes, bool gzip, TimeSpan? stall = null) : IDisposable
{
    private readonly TimeSpan _stall = stall ?? Timeout.InfiniteTimeSpan;
    private CancellationTokenSource? _stalled;
    private CancellationTokenRegistration _outer;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(65536);
    private int _start;
    private int _end;

    private uint Length => BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_start + 1));

    /// <summary>The next message, valid until the next call; null at the end of the body.</summary>
    /// <exception cref="RpcException">The frame is malformed, cut off, or too large.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>? none = null; // a plain null would become an empty message
        return TryNext(out var message) || (await FillFrameAsync(cancellation).ConfigureAwait(false) && TryNext(out message)) ? message : none;
    }

    /// <summary>The next message if the whole of it is here already, valid until the next call.</summary>
    /// <exception cref="RpcException">The frame is malformed or too large.</exception>
    public bool TryNext(out ReadOnlyMemory<byte> message)
    {
        if (!HasFrame())
        {
            message = default;
            return false;
        }

        message = _buffer.AsMemory(_start + RpcFrames.PrefixBytes, (int)Length);
        var compressed = _buffer[_start] != 0;
        _start += RpcFrames.PrefixBytes + message.Length;
        if (compressed)
        {
            message = gzip ? RpcFrames.Gunzip(message, maxMessageBytes) : throw new RpcException(RpcStatusCode.Unimplemented, "compressed message without grpc-encoding: gzip");
        }

        return true;
    }

    /// <summary>Waits until a whole frame is here; false: the body is over.</summary>
    /// <exception cref="RpcException">The frame is malformed, cut off, or too large.</exception>
    public async ValueTask<bool> FillFrameAsync(CancellationToken cancellation)
    {
        if (!await FillAsync(RpcFrames.PrefixBytes, cancellation).ConfigureAwait(false))
        {
            return _end == _start ? false : throw new RpcException(RpcStatusCode.Internal, "the stream ended inside a message");
        }

        var (compressed, length) = (_buffer[_start], Length);
        if (compressed > 1)
        {
            throw new RpcException(RpcStatusCode.Internal, $"malformed frame: compression flag {compressed}");
        }

        if (length > (uint)maxMessageBytes)
        {
            throw new RpcException(RpcStatusCode.ResourceExhausted, $"message of {length} bytes is larger than the limit of {maxMessageBytes}");
        }

        return await FillAsync(RpcFrames.PrefixBytes + (int)length, cancellation).ConfigureAwait(false) ? true
            : throw new RpcException(RpcStatusCode.Internal, "the stream ended inside a message");
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
        _outer.Dispose();
        _stalled?.Dispose();
    }

    /// <summary>Whether a frame that is neither malformed nor too large is whole; what is wrong is told by <see cref="FillFrameAsync"/>.</summary>
    private bool HasFrame() =>
        _end - _start >= RpcFrames.PrefixBytes && _buffer[_start] <= 1 && Length is var length && length <= (uint)maxMessageBytes && _end - _start - RpcFrames.PrefixBytes >= (long)length;

    private async ValueTask<bool> FillAsync(int bytes, CancellationToken cancellation)
    {
        while (_end - _start < bytes)
        {
            if (_buffer.Length - _start < bytes)
            {
                var larger = bytes > _buffer.Length ? ArrayPool<byte>.Shared.Rent(bytes) : _buffer;
                Buffer.BlockCopy(_buffer, _start, larger, 0, _end - _start);
                (_start, _end) = (0, _end - _start);
                if (larger != _buffer)
                {
                    ArrayPool<byte>.Shared.Return(_buffer);
                    _buffer = larger;
                }
            }

            var read = _end == _start || _stall == Timeout.InfiniteTimeSpan ? await body.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false)
                : await ReadRestAsync(cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }

    /// <summary>Reads in the middle of a message. One timer serves them all: no memory is made for a read.</summary>
    private async ValueTask<int> ReadRestAsync(CancellationToken cancellation)
    {
        if (_stalled is null)
        {
            _stalled = new CancellationTokenSource();
            _outer = cancellation.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _stalled);
        }

        _stalled.CancelAfter(_stall);
        try
        {
            var read = await body.ReadAsync(_buffer.AsMemory(_end), _stalled.Token).ConfigureAwait(false);
            _stalled.CancelAfter(Timeout.InfiniteTimeSpan);
            return read;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && _stalled.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new RpcException(RpcStatusCode.DeadlineExceeded, $"nothing heard for {_stall.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s in the middle of a message", e);
        }
    }
}
