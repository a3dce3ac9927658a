using System.Buffers.Binary;
using System.Collections.Concurrent;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>
/// Requests and their replies over one socket. A receive loop hands each reply to the request with its sequence number; any number of
/// requests may wait at once, but the kernel runs only one dump at a time on a socket.
/// </summary>
internal sealed class NetlinkConnection : IAsyncDisposable
{
    private const ushort Error = 2; // NLMSG_ERROR
    private const ushort Done = 3; // NLMSG_DONE
    private const int DumpAttempts = 5;

    // The kernel answers at once; these bounds keep the answers within the queue however late the loop gets to run.
    private const int MostRequests = 32;
    private const int QueueBytes = 1024 * 1024;

    private readonly NetlinkSocket _socket;
    private readonly ConcurrentDictionary<uint, PendingRequest> _pending = new();
    private readonly SemaphoreSlim _requests = new(MostRequests);
    private readonly SemaphoreSlim _dumps = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private volatile Exception? _failure;
    private uint _sequence;

    private NetlinkConnection(NetlinkSocket socket)
    {
        _socket = socket;
        _loop = ReceiveLoopAsync();
    }

    internal static NetlinkConnection Open(int protocol, NetworkNamespace? inside) => new(NetlinkSocket.Open(protocol, inside, QueueBytes));

    /// <summary>Sends a request and waits for its acknowledgement.</summary>
    internal async Task ExecuteAsync(byte[] message, string operation, string? target, CancellationToken cancellation)
    {
        var request = new PendingRequest<object>(operation, target, null);
        await RunAsync(message, request, MessageFlags.Ack, _requests, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends a request and returns what the parser made of the reply; null when there was none.</summary>
    internal async Task<T?> GetAsync<T>(byte[] message, ReplyParser<T> parser, string operation, string? target, CancellationToken cancellation)
        where T : class
    {
        var request = new PendingRequest<T>(operation, target, parser);
        await RunAsync(message, request, MessageFlags.Ack, _requests, cancellation).ConfigureAwait(false);
        return request.Items.FirstOrDefault();
    }

    /// <summary>Reads a whole table, again when it changed meanwhile.</summary>
    internal async Task<List<T>> DumpAsync<T>(byte[] message, ReplyParser<T> parser, string operation, string? target, CancellationToken cancellation)
        where T : class
    {
        for (int attempt = 1; ; attempt++)
        {
            var request = new PendingRequest<T>(operation, target, parser);
            await RunAsync((byte[])message.Clone(), request, MessageFlags.Dump, _dumps, cancellation).ConfigureAwait(false);
            if (!request.Interrupted || attempt == DumpAttempts)
                return request.Items; // a table in constant change is never consistent: give what there is
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(byte[] message, PendingRequest request, MessageFlags flags, SemaphoreSlim places, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        // The place is free when the kernel has finished, not when the caller has lost interest: until then another dump would be refused.
        _ = request.Completion.ContinueWith(static (_, state) => ((SemaphoreSlim)state!).Release(), places, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Send(message, request, flags);
        await request.Completion.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private void Send(byte[] message, PendingRequest request, MessageFlags flags)
    {
        uint sequence;
        do
        {
            sequence = Interlocked.Increment(ref _sequence);
        }
        while (sequence == 0 || !_pending.TryAdd(sequence, request));

        MessageFlags all = (MessageFlags)BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(6)) | flags;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), (ushort)all);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), sequence);
        try
        {
            // The loop may have failed before it could see this request.
            if (_failure is { } failure)
                throw new InvalidOperationException($"The netlink connection is closed: {failure.Message}", failure);
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            _socket.Send(message);
        }
        catch (Exception exception)
        {
            _pending.TryRemove(sequence, out _);
            request.Fail(exception);
        }
    }

    private async Task ReceiveLoopAsync()
    {
        var buffer = new NetlinkSocket.Holder();
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte>? datagram = await _socket.ReceiveAsync(buffer, _stop.Token).ConfigureAwait(false);
                if (datagram is { } bytes)
                    Dispatch(bytes.Span);
                else
                    FailAll(static r => r.Fail(Errno.ENOBUFS, "replies were lost because too many were waiting", null));
            }
        }
        catch (Exception exception)
        {
            _failure = exception;
            FailAll(r => r.Fail(exception is OperationCanceledException ? new ObjectDisposedException(nameof(NetlinkConnection)) : exception));
        }
    }

    private void Dispatch(ReadOnlySpan<byte> datagram)
    {
        var messages = new MessageReader(datagram);
        while (messages.MoveNext())
        {
            MessageHeader header = messages.Header;
            if (!_pending.TryGetValue(header.Sequence, out PendingRequest? request))
                continue;
            request.Interrupted |= (header.Flags & MessageFlags.DumpInterrupted) != 0 && (header.Flags & MessageFlags.Multi) != 0;
            try
            {
                switch (header.Type)
                {
                    case Error:
                        Finish(header.Sequence, request, Acknowledgement.OfError(header.Flags, messages.Payload));
                        break;
                    case Done:
                        Finish(header.Sequence, request, Acknowledgement.OfDone(header.Flags, messages.Payload));
                        break;
                    default:
                        request.OnReply(header.Type, messages.Payload);
                        break;
                }
            }
            catch (Exception exception) when (exception is FormatException or ArgumentException)
            {
                // One reply that cannot be read ends its own request only.
                _pending.TryRemove(header.Sequence, out _);
                request.Fail(exception);
            }
        }
    }

    private void Finish(uint sequence, PendingRequest request, Acknowledgement result)
    {
        _pending.TryRemove(sequence, out _);
        if (result.Errno == Errno.None)
            request.Complete();
        else
            request.Fail(result.Errno, result.Text, result.Offset);
    }

    private void FailAll(Action<PendingRequest> fail)
    {
        foreach (uint sequence in _pending.Keys)
        {
            if (_pending.TryRemove(sequence, out PendingRequest? request))
                fail(request);
        }
    }
}
