using System.Buffers.Binary;
using System.Threading.Channels;

namespace Waggle.Lab.ApiServer;

/// <summary>The server's side of a SPDY/3.1 connection, as far as Kubernetes uses it: streams the client opens, data both ways.</summary>
/// <remarks>No flow control: Kubernetes' SPDY library has none. What a stream may hold unread is bounded instead; the reader of the connection waits.</remarks>
internal sealed class SpdyConnection : IAsyncDisposable
{
    private const ushort Version = 3;
    private const int MaxFrame = 1024 * 1024;
    private const int MaxStreams = 1000;
    private const int MaxData = 64 * 1024;

    private readonly Stream _transport;
    private readonly SpdyHeaderReader _headers = new();
    private readonly SpdyHeaderWriter _headerWriter = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Dictionary<uint, SpdyStream> _streams = [];
    private readonly System.Threading.Channels.Channel<SpdyStream> _accepted = System.Threading.Channels.Channel.CreateUnbounded<SpdyStream>();
    private readonly CancellationTokenSource _ended = new();
    private Task _reading = Task.CompletedTask;
    private uint _lastStream;

    public SpdyConnection(Stream transport) => _transport = transport;

    /// <summary>Signalled when the connection is over.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Streams in the order the client opens them; completes with the connection.</summary>
    public ChannelReader<SpdyStream> Accepted => _accepted.Reader;

    public void Start(CancellationToken cancellation) => _reading = ReadAsync(cancellation);

    public async ValueTask SendDataAsync(uint stream, ReadOnlyMemory<byte> data, bool last, CancellationToken cancellation)
    {
        do
        {
            var part = data.Length > MaxData ? data[..MaxData] : data;
            data = data[part.Length..];
            var frame = new byte[8 + part.Length];
            BinaryPrimitives.WriteUInt32BigEndian(frame, stream);
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)part.Length | (last && data.Length == 0 ? 0x01000000u : 0));
            part.CopyTo(frame.AsMemory(8));
            await SendAsync(frame, cancellation);
        }
        while (data.Length > 0);
    }

    public async ValueTask ResetAsync(uint stream, uint status, CancellationToken cancellation)
    {
        lock (_streams)
        {
            _streams.Remove(stream);
        }
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(payload, stream);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), status);
        await SendControlAsync(3, 0, payload, cancellation);
    }

    /// <summary>Says that no more streams are taken (GOAWAY).</summary>
    public async Task GoAwayAsync(CancellationToken cancellation)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(payload, _lastStream);
        await SendControlAsync(7, 0, payload, cancellation);
    }

    /// <summary>Waits until the client has closed the connection.</summary>
    public Task ClosedAsync(TimeSpan limit) => _reading.WaitAsync(limit).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _transport.DisposeAsync();
        await _reading;
        _headers.Dispose();
    }

    internal void Forget(uint stream)
    {
        lock (_streams)
        {
            _streams.Remove(stream);
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ended.Token);
        var header = new byte[8];
        try
        {
            while (true)
            {
                await _transport.ReadExactlyAsync(header, stop.Token);
                var length = (int)(BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)) & 0xffffff);
                if (length > MaxFrame)
                {
                    throw new InvalidDataException("a SPDY frame is too large");
                }
                var payload = new byte[length];
                await _transport.ReadExactlyAsync(payload, stop.Token);
                if ((header[0] & 0x80) == 0)
                {
                    await DataAsync(BinaryPrimitives.ReadUInt32BigEndian(header) & 0x7fffffff, payload, (header[4] & 1) != 0, stop.Token);
                }
                else
                {
                    await ControlAsync(BinaryPrimitives.ReadUInt16BigEndian(header) & 0x7fff, BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)), header[4], payload, stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidDataException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            // The end of the connection, orderly or not.
        }
        finally
        {
            await _ended.CancelAsync();
            _accepted.Writer.TryComplete();
            lock (_streams)
            {
                foreach (var stream in _streams.Values)
                {
                    stream.End();
                }
                _streams.Clear();
            }
        }
    }

    private async Task ControlAsync(int version, int type, byte flags, byte[] payload, CancellationToken cancellation)
    {
        if (version != Version)
        {
            throw new InvalidDataException($"SPDY version {version} is not spoken here");
        }
        switch (type)
        {
            case 1: // SYN_STREAM
                await OpenAsync(payload, flags, cancellation);
                break;
            case 3 when payload.Length >= 8: // RST_STREAM
                Take(BinaryPrimitives.ReadUInt32BigEndian(payload), remove: true)?.End();
                break;
            case 6 when payload.Length >= 4: // PING: the client's have odd numbers and come back as they are.
                if ((payload[3] & 1) == 1)
                {
                    await SendControlAsync(6, 0, payload[..4], cancellation);
                }
                break;
            case 8 when payload.Length >= 4: // HEADERS: they carry nothing for us, but belong to the compressed stream.
                _headers.Read(payload.AsSpan(4));
                break;
            case 7: // GOAWAY: no more streams; those that are open go on.
            default: // SETTINGS, WINDOW_UPDATE and what we do not know.
                break;
        }
    }

    private async Task OpenAsync(byte[] payload, byte flags, CancellationToken cancellation)
    {
        if (payload.Length < 10)
        {
            throw new InvalidDataException("a SYN_STREAM frame is cut");
        }
        var id = BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff;
        var headers = _headers.Read(payload.AsSpan(10));
        bool refused;
        var stream = new SpdyStream(this, id, headers);
        lock (_streams)
        {
            refused = id <= _lastStream || _streams.Count >= MaxStreams;
            if (!refused)
            {
                _streams[id] = stream;
                _lastStream = id;
            }
        }
        if (refused)
        {
            await ResetAsync(id, 3, cancellation);
            return;
        }
        await SendReplyAsync(id, cancellation);
        if ((flags & 1) != 0)
        {
            stream.End();
        }
        _accepted.Writer.TryWrite(stream);
    }

    private async Task DataAsync(uint id, byte[] payload, bool last, CancellationToken cancellation)
    {
        if (Take(id, remove: false) is not { } stream)
        {
            return;
        }
        if (payload.Length > 0)
        {
            await stream.DeliverAsync(payload, cancellation);
        }
        if (last)
        {
            stream.End();
        }
    }

    private SpdyStream? Take(uint id, bool remove)
    {
        lock (_streams)
        {
            var found = _streams.GetValueOrDefault(id & 0x7fffffff);
            if (remove)
            {
                _streams.Remove(id & 0x7fffffff);
            }
            return found;
        }
    }

    private async Task SendReplyAsync(uint id, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            // Compressed in the order in which it is sent.
            var block = _headerWriter.Write(new Dictionary<string, string>());
            var frame = new byte[8 + 4 + block.Length];
            Head(frame, 2, 0, 4 + block.Length);
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), id);
            block.CopyTo(frame, 12);
            await _transport.WriteAsync(frame, cancellation);
            await _transport.FlushAsync(cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private ValueTask SendControlAsync(ushort type, byte flags, byte[] payload, CancellationToken cancellation)
    {
        var frame = new byte[8 + payload.Length];
        Head(frame, type, flags, payload.Length);
        payload.CopyTo(frame, 8);
        return SendAsync(frame, cancellation);
    }

    private static void Head(byte[] frame, ushort type, byte flags, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(frame, 0x8000 | Version);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), type);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), ((uint)flags << 24) | (uint)length);
    }

    private async ValueTask SendAsync(byte[] frame, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            await _transport.WriteAsync(frame, cancellation);
            await _transport.FlushAsync(cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }
}

/// <summary>One stream of a <see cref="SpdyConnection"/>.</summary>
internal sealed class SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers)
{
    // 64 parts of at most 64 KiB: then the connection's reader waits.
    private readonly System.Threading.Channels.Channel<byte[]> _incoming = System.Threading.Channels.Channel.CreateBounded<byte[]>(64);

    public IReadOnlyDictionary<string, string> Headers => headers;

    public ChannelReader<byte[]> Incoming => _incoming.Reader;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => connection.SendDataAsync(id, data, last: false, cancellation);

    /// <summary>Ends our direction.</summary>
    public ValueTask CloseAsync(CancellationToken cancellation) => connection.SendDataAsync(id, default, last: true, cancellation);

    public ValueTask ResetAsync(CancellationToken cancellation) => connection.ResetAsync(id, 5, cancellation);

    public void Forget() => connection.Forget(id);

    internal ValueTask DeliverAsync(byte[] data, CancellationToken cancellation) => _incoming.Reader.Completion.IsCompleted ? ValueTask.CompletedTask : Deliver(data, cancellation);

    internal void End() => _incoming.Writer.TryComplete();

    private async ValueTask Deliver(byte[] data, CancellationToken cancellation)
    {
        try
        {
            await _incoming.Writer.WriteAsync(data, cancellation);
        }
        catch (ChannelClosedException)
        {
            // Data after the end is dropped.
        }
    }
}
