using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>
/// A connection to one gRPC server, made when first used and again when lost. Safe for concurrent calls. Calls fail with
/// <see cref="RpcException"/> (<see cref="RpcStatusCode.Unavailable"/>: nobody reached), or with <see cref="OperationCanceledException"/>
/// when the caller's token was cancelled.
/// </summary>
public sealed class RpcChannel : IDisposable
{
    /// <summary>What a server may send of one call before it is read; also what such a call may keep in memory at first.</summary>
    private const int WindowBytes = 256 << 10;

    private readonly HttpMessageInvoker _invoker;
    private readonly RpcChannelOptions _options;
    private readonly Uri _address;

    /// <param name="target">Whom to call.</param>
    /// <param name="options">How.</param>
    public RpcChannel(RpcTarget target, RpcChannelOptions? options = null)
    {
        Target = target;
        _options = options ?? new RpcChannelOptions();
        var tls = _options.Tls ?? (target.Tls ? new RpcTlsOptions() : null);
        // The handler takes the name to verify from the URI, so the URI carries that name and the callback below knows the address.
        var host = tls?.ServerName ?? (target.UnixPath is not null ? "localhost" : target.Host);
        _address = new Uri($"{(tls is null ? "http" : "https")}://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{(target.UnixPath is null ? target.Port : 80)}");
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = _options.ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10),
            PooledConnectionLifetime = tls is null ? Timeout.InfiniteTimeSpan : _options.ConnectionLifetime,
            InitialHttp2StreamWindowSize = WindowBytes,
            KeepAlivePingDelay = _options.KeepAlive,
            KeepAlivePingTimeout = _options.KeepAlive,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            ConnectCallback = (_, cancellation) => _options.Connect is { } connect ? connect(cancellation) : ConnectAsync(target, cancellation),
        };
        if (tls is not null)
        {
            handler.SslOptions = RpcClientTls.Options(tls, target.Host);
        }

        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Whom this channel calls.</summary>
    public RpcTarget Target { get; }

    /// <summary>One request, one response.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">What to send.</param>
    /// <param name="timeout">Ends the call with DeadlineExceeded on both sides; null: no limit.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        TResponse? result = null;
        await foreach (var response in StreamAsync(method, request, timeout, cancellation).ConfigureAwait(false))
        {
            result = result is null ? response : throw new RpcException(RpcStatusCode.Internal, "more than one response to a unary call");
        }

        return result ?? throw new RpcException(RpcStatusCode.Internal, "no response to a unary call");
    }

    /// <summary>One request, many responses. Leaving the loop cancels the call.</summary>
    public async IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan? timeout = null, [EnumeratorCancellation] CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new RpcDuplexCall<TRequest, TResponse>(Target, method, timeout, cancellation);
        await using (call.ConfigureAwait(false))
        {
            call.Start(_invoker, _address, _options, request);
            await foreach (var response in call.ReadAllAsync().ConfigureAwait(false))
            {
                yield return response;
            }
        }
    }

    /// <summary>The same for those who handle messages as bytes; see <see cref="RpcDuplexCall{TRequest,TResponse}.ReadAsync"/>.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">What to send.</param>
    /// <param name="stall">Silence in the middle of a message that ends the call with DeadlineExceeded.</param>
    /// <param name="cancellation">Ends the call.</param>
    internal async IAsyncEnumerable<RpcFrameReader> StreamFramesAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan stall, [EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new RpcDuplexCall<TRequest, TResponse>(Target, method, null, cancellation);
        await using (call.ConfigureAwait(false))
        {
            call.Start(_invoker, _address, _options, request);
            await foreach (var frames in call.ReadAsync(stall).ConfigureAwait(false))
            {
                yield return frames;
            }
        }
    }

    /// <summary>Both sides send when they want. Dispose it to end it.</summary>
    public RpcDuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new RpcDuplexCall<TRequest, TResponse>(Target, method, timeout, cancellation);
        call.Start(_invoker, _address, _options, null);
        return call;
    }

    public void Dispose() => _invoker.Dispose();

    private static async ValueTask<Stream> ConnectAsync(RpcTarget target, CancellationToken cancellation)
    {
        var socket = target.UnixPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (target.UnixPath is { } path)
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            }
            else
            {
                await socket.ConnectAsync(target.Host, target.Port, cancellation).ConfigureAwait(false);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
