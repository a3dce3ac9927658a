using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>Frames of a response's body, straight into Kestrel's buffers.</summary>
internal sealed class RpcResponseWriter<T>(HttpResponse response, CancellationToken cancellation) : IRpcWriter<T>
    where T : class, IMessage<T>
{
    private readonly PipeWriter _output = response.BodyWriter;

    public int Unflushed { get; private set; }

    public void Write(T message)
    {
        var size = message.CalculateSize();
        var span = _output.GetSpan(RpcFrames.PrefixBytes + size)[..(RpcFrames.PrefixBytes + size)];
        RpcFrames.WritePrefix(span, size);
        message.WriteTo(span[RpcFrames.PrefixBytes..]);
        _output.Advance(span.Length);
        Unflushed += span.Length;
    }

    public void WriteFrames(ReadOnlySpan<byte> frames)
    {
        _output.Write(frames);
        Unflushed += frames.Length;
    }

    public async ValueTask FlushAsync()
    {
        Unflushed = 0;
        var result = await _output.FlushAsync(cancellation).ConfigureAwait(false);
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("the client went away");
        }
    }
}
