using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>The requests in a body.</summary>
internal static class RpcRequestReader
{
    public static async IAsyncEnumerable<T> ReadAsync<T>(Stream body, MessageParser<T> parser, int maxMessageBytes, bool gzip, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        using var frames = new RpcFrameReader(body, maxMessageBytes, gzip);
        while (await frames.NextAsync(cancellation).ConfigureAwait(false) is { } frame)
        {
            yield return Parse(parser, frame.Span);
        }
    }

    private static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> frame)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(frame);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RpcException(RpcStatusCode.Internal, $"malformed {typeof(T).Name}: {e.Message}", e);
        }
    }
}
