namespace Waggle.Hubble.Export.Targets;

/// <summary>Lines to an open stream, such as standard output.</summary>
/// <param name="owned">Close the stream at the end.</param>
public sealed class StreamTarget(Stream stream, bool owned = false) : ILineTarget
{
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync(lines, cancellation).ConfigureAwait(false);
            await stream.FlushAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new ExportException("io", $"cannot write: {failure.Message}", failure);
        }
    }

    public ValueTask DisposeAsync() => owned ? stream.DisposeAsync() : ValueTask.CompletedTask;
}
