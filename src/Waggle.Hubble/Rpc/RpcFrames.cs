using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc;

/// <summary>gRPC's framing: one byte "compressed", four bytes length, the message.</summary>
internal static class RpcFrames
{
    public const int PrefixBytes = 5;

    /// <summary>Appends a message, uncompressed.</summary>
    public static void Write(IBufferWriter<byte> output, IMessage message)
    {
        var size = message.CalculateSize();
        var span = output.GetSpan(PrefixBytes + size)[..(PrefixBytes + size)];
        WritePrefix(span, size);
        message.WriteTo(span[PrefixBytes..]);
        output.Advance(span.Length);
    }

    public static void WritePrefix(Span<byte> span, int size)
    {
        span[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)size);
    }

    /// <summary>Undoes gzip, refusing to grow beyond the limit.</summary>
    public static byte[] Gunzip(ReadOnlyMemory<byte> data, int limit)
    {
        using var input = new MemoryStream(data.ToArray(), writable: false);
        using var gzip = new GZipStream(input, CompressionMode.Decompress);
        using var output = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(16384);
        try
        {
            int read;
            while ((read = gzip.Read(buffer)) > 0)
            {
                if (output.Length + read > limit)
                {
                    throw new RpcException(RpcStatusCode.ResourceExhausted, $"message is larger than {limit} bytes when decompressed");
                }

                output.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException e)
        {
            throw new RpcException(RpcStatusCode.Internal, "message is not valid gzip", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return output.ToArray();
    }
}
