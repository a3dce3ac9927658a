using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>One call under way. Reading and sending may go on at the same time; each of them one at a time.</summary>
public sealed class RpcDuplexCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly RpcTarget _target;
    private readonly RpcMethod<TRequest, TResponse> _method;
    private readonly TimeSpan? _timeout;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private RpcRequestContent? _content;
    private Task<HttpResponseMessage>? _response;
    private int _maxMessageBytes;

    internal RpcDuplexCall(RpcTarget target, RpcMethod<TRequest, TResponse> method, TimeSpan? timeout, CancellationToken cancellation)
    {
        (_target, _method, _timeout, _caller) = (target, method, timeout, cancellation);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (timeout is { } limit)
        {
            _stop.CancelAfter(limit);
        }
    }

    /// <summary>Sends one message.</summary>
    /// <exception cref="RpcException">There is no connection, or the server has ended the call; then with the status it ended it with.</exception>
    public async ValueTask SendAsync(TRequest request)
    {
        try
        {
            var sending = _content!.SendAsync(request, _stop.Token).AsTask();
            await Task.WhenAny(sending, _response!).ConfigureAwait(false);
            if (_response!.IsFaulted || _response.IsCanceled)
            {
                // There is no connection, and so there will never be a stream to send into.
                _content.Complete();
                await _response.ConfigureAwait(false);
            }

            await sending.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            if (e is not InvalidOperationException or ObjectDisposedException)
            {
                // The server ended the call, so its answer is here or on the way: it says more than that nothing can be sent.
                CheckHead(await GuardAsync(_response!).ConfigureAwait(false));
            }

            throw Translate(e);
        }
    }

    /// <summary>Tells the server that nothing more comes.</summary>
    public void CompleteSending() => _content?.Complete();

    /// <summary>All responses until the server ends the call; throws if it ends with anything but OK.</summary>
    public async IAsyncEnumerable<TResponse> ReadAllAsync()
    {
        await foreach (var frames in ReadAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false))
        {
            while (frames.TryNext(out var message))
            {
                yield return Parse(message.Span);
            }
        }
    }

    /// <summary>
    /// The same for those who handle messages as bytes: each time some are here, a reader of these; take them all before going on. A
    /// reader is valid until then.
    /// </summary>
    /// <param name="stall">Silence in the middle of a message that ends the call with DeadlineExceeded.</param>
    internal async IAsyncEnumerable<RpcFrameReader> ReadAsync(TimeSpan stall)
    {
        using var response = await GuardAsync(_response!).ConfigureAwait(false);
        CheckHead(response);
        var body = await GuardAsync(response.Content.ReadAsStreamAsync(_stop.Token)).ConfigureAwait(false);
        var gzip = response.Headers.TryGetValues(RpcHeaders.EncodingName, out var encodings) && encodings.First() == "gzip";
        using var frames = new RpcFrameReader(body, _maxMessageBytes, gzip, stall);
        while (await GuardAsync(frames.FillFrameAsync(_stop.Token).AsTask()).ConfigureAwait(false))
        {
            yield return frames;
        }

        CheckStatus(response.TrailingHeaders, "the server ended the stream without a status");
    }

    /// <summary>Ends the call, whatever its state.</summary>
    public async ValueTask DisposeAsync()
    {
        _content?.Complete();
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            (await _response!.ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
        }

        _stop.Dispose();
    }

    internal void Start(HttpMessageInvoker invoker, Uri address, RpcChannelOptions options, TRequest? onlyRequest)
    {
        _maxMessageBytes = options.MaxMessageBytes;
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, _method.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = onlyRequest is null ? _content = new RpcRequestContent() : Single(onlyRequest),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation("user-agent", "waggle-hubble");
        if (options.AcceptGzip)
        {
            request.Headers.TryAddWithoutValidation(RpcHeaders.AcceptEncoding, "identity,gzip");
        }

        if (_timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation(RpcHeaders.Timeout, RpcHeaders.FormatTimeout(timeout));
        }

        foreach (var (name, value) in options.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        _response = invoker.SendAsync(request, _stop.Token);
    }

    private static ReadOnlyMemoryContent Single(TRequest message)
    {
        var frame = new ArrayBufferWriter<byte>();
        RpcFrames.Write(frame, message);
        return new ReadOnlyMemoryContent(frame.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue(RpcHeaders.ContentType) } };
    }

    private static void CheckHead(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var code = response.StatusCode switch
            {
                HttpStatusCode.Unauthorized => RpcStatusCode.Unauthenticated,
                HttpStatusCode.Forbidden => RpcStatusCode.PermissionDenied,
                HttpStatusCode.NotFound => RpcStatusCode.Unimplemented,
                HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => RpcStatusCode.Unavailable,
                _ => RpcStatusCode.Unknown,
            };
            throw new RpcException(code, $"the server answered HTTP {(int)response.StatusCode}");
        }

        if (response.Content.Headers.ContentType?.MediaType?.StartsWith(RpcHeaders.ContentType, StringComparison.Ordinal) != true)
        {
            throw new RpcException(RpcStatusCode.Unknown, $"not a gRPC server: content type {response.Content.Headers.ContentType}");
        }

        if (response.Headers.Contains(RpcHeaders.Status))
        {
            CheckStatus(response.Headers, "");
        }
    }

    private static void CheckStatus(HttpHeaders headers, string missing)
    {
        if (!headers.TryGetValues(RpcHeaders.Status, out var values) || !int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            throw new RpcException(RpcStatusCode.Unknown, missing);
        }

        if (code != 0)
        {
            var text = headers.TryGetValues(RpcHeaders.Message, out var messages) ? RpcHeaders.DecodeMessage(messages.First()) : "";
            throw new RpcException(code is > 0 and <= 16 ? (RpcStatusCode)code : RpcStatusCode.Unknown, text);
        }
    }

    private TResponse Parse(ReadOnlySpan<byte> frame)
    {
        try
        {
            return _method.ResponseParser.ParseFrom(frame);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RpcException(RpcStatusCode.Internal, $"malformed {typeof(TResponse).Name} from the server", e);
        }
    }

    private async Task<T> GuardAsync<T>(Task<T> task)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            throw Translate(e);
        }
    }

    private Exception Translate(Exception e)
    {
        if (_caller.IsCancellationRequested)
        {
            return new OperationCanceledException("the call was cancelled", e, _caller);
        }

        if (_stop.IsCancellationRequested && e is OperationCanceledException or IOException && _timeout is { } limit)
        {
            return new RpcException(RpcStatusCode.DeadlineExceeded, $"no answer within {limit.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s", e) { Target = _target };
        }

        var reset = e as HttpProtocolException ?? e.InnerException as HttpProtocolException;
        return reset?.ErrorCode switch
        {
            0x8 => new RpcException(RpcStatusCode.Cancelled, "the server cancelled the call", e),
            0x7 => new RpcException(RpcStatusCode.Unavailable, "the server refused the call", e),
            0xb => new RpcException(RpcStatusCode.ResourceExhausted, "the server asks to be left in peace", e),
            0xc => new RpcException(RpcStatusCode.PermissionDenied, "the server wants better transport security", e),
            _ => new RpcException(RpcStatusCode.Unavailable, (e.InnerException ?? e).Message, e) { Target = _target },
        };
    }
}
