namespace Waggle.Linux;

/// <summary>
/// A stream over a pollable descriptor (pipe, terminal, character device) whose reads can be cancelled and which ends waiting reads
/// when it is disposed. A read that must wait occupies a thread of its own.
/// </summary>
public sealed class DescriptorStream : Stream
{
    private readonly FileDescriptor _descriptor;
    private readonly FileDescriptor _wake;
    private readonly bool _readable;
    private readonly bool _writable;
    private volatile bool _disposed;

    /// <param name="descriptor">Owned by the stream from now on.</param>
    /// <param name="readable">Whether reading is allowed.</param>
    /// <param name="writable">Whether writing is allowed.</param>
    public DescriptorStream(FileDescriptor descriptor, bool readable = true, bool writable = true)
    {
        _descriptor = descriptor;
        _wake = NewWake();
        _readable = readable;
        _writable = writable;
    }

    /// <inheritdoc/>
    public override bool CanRead => _readable && !_disposed;

    /// <inheritdoc/>
    public override bool CanWrite => _writable && !_disposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => Read(buffer, _wake);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            if (!Poll.Wait(_descriptor, Libc.POLLIN, TimeSpan.Zero))
                await WaitReadableAsync(_descriptor, cancellationToken, _wake).ConfigureAwait(false);
            return Read(buffer.Span, _wake);
        }
        catch (ObjectDisposedException)
        {
            return 0; // disposed before or while waiting: the end of the stream
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => _descriptor.Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => _descriptor.Write(buffer);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await Task.Run(() => _descriptor.Write(buffer.Span), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Waits on a thread of its own until the descriptor is readable, <paramref name="wake"/> is, or the wait is cancelled.</summary>
    internal static async Task WaitReadableAsync(FileDescriptor descriptor, CancellationToken cancellation, FileDescriptor? wake = null)
    {
        FileDescriptor? own = wake is null ? NewWake() : null;
        FileDescriptor signal = wake ?? own!;
        // A shared wake-up must stay usable after one cancelled read: it is drained below.
        await using (cancellation.UnsafeRegister(static state => Wake((FileDescriptor)state!), signal).ConfigureAwait(false))
        {
            await Task.Factory.StartNew(
                static state =>
                {
                    (FileDescriptor d, FileDescriptor w) = ((FileDescriptor, FileDescriptor))state!;
                    Poll.WaitOrWake(d, Libc.POLLIN, w);
                },
                (descriptor, signal),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).ConfigureAwait(false);
        }

        if (cancellation.IsCancellationRequested)
            Drain(signal);
        own?.Dispose();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            Wake(_wake);
            // The handles' reference counts keep both descriptors open until a waiting poll has returned.
            _descriptor.Dispose();
            _wake.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Read(Span<byte> buffer, FileDescriptor wake)
    {
        try
        {
            return _disposed || !Poll.WaitOrWake(_descriptor, Libc.POLLIN, wake) ? 0 : _descriptor.Read(buffer);
        }
        catch (LinuxException e) when (e.Errno == Errno.EIO)
        {
            return 0; // how a terminal's master says that the other side is closed
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private static FileDescriptor NewWake()
    {
        int fd = Libc.eventfd(0, Libc.O_CLOEXEC | (int)OpenFlags.NonBlocking);
        return fd < 0 ? throw LinuxException.Last("create eventfd") : new FileDescriptor(fd);
    }

    private static void Wake(FileDescriptor wake)
    {
        try
        {
            wake.Write(BitConverter.GetBytes(1UL));
        }
        catch (ObjectDisposedException)
        {
            // The stream is gone: nobody waits.
        }
    }

    private static void Drain(FileDescriptor wake)
    {
        try
        {
            _ = wake.Read(stackalloc byte[8]);
        }
        catch (Exception e) when (e is LinuxException { Errno: Errno.EAGAIN } or ObjectDisposedException)
        {
        }
    }
}
