using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>A request's body that stays open for as long as the caller has something to send.</summary>
internal sealed class RpcRequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _writing = new(1, 1);

    public RpcRequestContent() => Headers.ContentType = new MediaTypeHeaderValue(RpcHeaders.ContentType);

    public async ValueTask SendAsync(IMessage message, CancellationToken cancellation)
    {
        var stream = await _stream.Task.WaitAsync(cancellation).ConfigureAwait(false);
        var frame = new ArrayBufferWriter<byte>();
        RpcFrames.Write(frame, message);
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await stream.WriteAsync(frame.WrittenMemory, cancellation).ConfigureAwait(false);
            await stream.FlushAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Nothing more will be sent.</summary>
    public void Complete() => End(new InvalidOperationException("the call is over"));

    private void End(Exception why)
    {
        _stream.TrySetException(why);
        _done.TrySetResult();
        _ = _stream.Task.Exception; // observed: nobody may be waiting
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            _stream.TrySetResult(stream);
            await _done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Also when the server has answered before it heard anything: who waits to send must not wait for ever.
            End(new IOException("the server has ended the call"));
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
