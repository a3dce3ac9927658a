namespace Waggle.Linux;

/// <summary>Bytes and descriptors received together. Disposing it closes the descriptors that nobody took.</summary>
/// <param name="Count">Number of bytes written to the buffer; 0 when the other side closed the connection.</param>
/// <param name="Descriptors">The descriptors, now owned by the receiver.</param>
public sealed record DescriptorMessage(int Count, IReadOnlyList<FileDescriptor> Descriptors) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileDescriptor descriptor in Descriptors)
            descriptor.Dispose();
    }
}
