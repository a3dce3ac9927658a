namespace Waggle.Lab.Nodes.Streams;

/// <summary>
/// The output of an executed command. It also ends a moment after the command itself has ended, when something that the command
/// left in the background keeps the pipe open.
/// </summary>
internal sealed class ExecOutput(Stream source, Task exited) : Stream
{
    private static readonly TimeSpan AfterExit = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the reader has seen the end, or has disposed the stream.</summary>
    public Task Ended => _ended.Task;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended.Task.IsCompleted)
            return 0;
        int count = 0;
        try
        {
            count = await ReadSomeAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // As good as the end: the process has let go of its side.
        }
        if (count == 0 && buffer.Length > 0)
            _ended.TrySetResult();
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _ended.TrySetResult();
        base.Dispose(disposing);
    }

    private async Task<int> ReadSomeAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<int> read = source.ReadAsync(buffer, late.Token).AsTask();
        if (!read.IsCompleted && await Task.WhenAny(read, exited).ConfigureAwait(false) != read)
            late.CancelAfter(AfterExit);
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return 0;
        }
    }
}
