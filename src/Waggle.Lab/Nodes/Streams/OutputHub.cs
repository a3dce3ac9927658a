using System.IO.Pipelines;

namespace Waggle.Lab.Nodes.Streams;

/// <summary>
/// Hands a container's output to everyone attached. A reader that is slow holds the container back, as a full pipe would; one
/// that takes nothing for <see cref="Patience"/> is let go.
/// </summary>
/// <param name="keepForFirst">
/// What comes before anyone has attached is kept for the first to do so (the newest part of it): a shell's first prompt is not lost.
/// </param>
internal sealed class OutputHub(bool keepForFirst = false)
{
    private const int MaxKept = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<Pipe> _readers = [];
    private MemoryStream? _kept = keepForFirst ? new MemoryStream() : null;
    private bool _completed;

    /// <summary>A stream of all output from now on; disposing it detaches.</summary>
    public Stream Attach()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, useSynchronizationContext: false));
        lock (_gate)
        {
            if (_kept is { } kept)
            {
                // Never more than the pipe takes without waiting.
                _ = pipe.Writer.WriteAsync(kept.ToArray()).AsTask();
                _kept = null;
            }
            if (_completed)
                pipe.Writer.Complete();
            else
                _readers.Add(pipe);
        }
        return pipe.Reader.AsStream();
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        Pipe[] readers;
        lock (_gate)
        {
            if (_kept is not null)
                Keep(data.Span);
            if (_readers.Count == 0)
                return;
            readers = [.. _readers];
        }
        foreach (Pipe reader in readers)
        {
            if (!await TryWriteAsync(reader.Writer, data).ConfigureAwait(false))
                Remove(reader);
        }
    }

    /// <summary>No more output comes.</summary>
    public void Complete()
    {
        Pipe[] readers;
        lock (_gate)
        {
            _completed = true;
            readers = [.. _readers];
            _readers.Clear();
        }
        foreach (Pipe reader in readers)
            reader.Writer.Complete();
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        if (_kept!.Length + data.Length > MaxKept)
            _kept.SetLength(0);
        _kept.Write(data.Length > MaxKept ? data[^MaxKept..] : data);
    }

    private static async ValueTask<bool> TryWriteAsync(PipeWriter writer, ReadOnlyMemory<byte> data)
    {
        ValueTask<FlushResult> flush = writer.WriteAsync(data);
        if (flush.IsCompleted)
            return !(await flush.ConfigureAwait(false)).IsCompleted;
        try
        {
            return !(await flush.AsTask().WaitAsync(Patience).ConfigureAwait(false)).IsCompleted;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Remove(Pipe reader)
    {
        lock (_gate)
            _readers.Remove(reader);
        reader.Writer.Complete();
    }
}
