using System.IO.Pipelines;

namespace Waggle.Lab.Nodes.Streams;

/// <summary>
/// Hands a container's output to everyone attached. A reader that is slow holds the container back, as a full pipe would; one
/// that takes nothing for <see cref="Patience"/> is let go.
/// </summary>
internal sealed class OutputHub
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<Pipe> _readers = [];
    private bool _completed;

    /// <summary>A stream of all output from now on; disposing it detaches.</summary>
    public Stream Attach()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, useSynchronizationContext: false));
        lock (_gate)
        {
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
