using System.Buffers;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc;

/// <summary>Whole frames one after the other, in a pooled buffer: made in one go, handed to a writer in one go.</summary>
public sealed class RpcFrameBuffer : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(64 << 10);

    /// <summary>Bytes in it, frames' prefixes included.</summary>
    public int Length { get; private set; }

    /// <summary>What is in it.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Begins a frame; the span has room for a message of this many bytes.</summary>
    public Span<byte> Begin(int maxMessageBytes)
    {
        Reserve(RpcFrames.PrefixBytes + maxMessageBytes);
        return _bytes.AsSpan(Length + RpcFrames.PrefixBytes);
    }

    /// <summary>Ends the frame with the message's true length.</summary>
    public void End(int messageBytes)
    {
        RpcFrames.WritePrefix(_bytes.AsSpan(Length), messageBytes);
        Length += RpcFrames.PrefixBytes + messageBytes;
    }

    /// <summary>Appends a message.</summary>
    public void Add(IMessage message)
    {
        var size = message.CalculateSize();
        message.WriteTo(Begin(size)[..size]);
        End(size);
    }

    /// <summary>Appends a message that is bytes already.</summary>
    public void Add(ReadOnlySpan<byte> message)
    {
        message.CopyTo(Begin(message.Length));
        End(message.Length);
    }

    /// <summary>Empties it.</summary>
    public void Clear() => Length = 0;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, Length) = ([], 0);
    }

    private void Reserve(int bytes)
    {
        if (_bytes.Length - Length >= bytes)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + bytes, 2 * _bytes.Length));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
