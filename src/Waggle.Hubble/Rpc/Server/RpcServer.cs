using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>
/// gRPC's server side on a Kestrel application: add methods, then hand requests to <see cref="HandleAsync"/>. Every request gets a
/// status, whatever it sends; memory per call is bounded by the largest message allowed.
/// </summary>
public sealed partial class RpcServer
{
    private readonly Dictionary<string, RpcHandler> _handlers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceDescriptor?> _services = new(StringComparer.Ordinal);
    private readonly ILogger<RpcServer> _logger;
    private readonly CancellationToken _stopping;
    private int _calls;

    /// <param name="logger">Gets faults of methods.</param>
    /// <param name="stopping">Ends all calls with Unavailable.</param>
    public RpcServer(ILogger<RpcServer> logger, CancellationToken stopping = default) => (_logger, _stopping) = (logger, stopping);

    /// <summary>Largest message accepted, bytes.</summary>
    public int MaxMessageBytes { get; init; } = 4 << 20;

    /// <summary>Calls under way at most, over all connections: what one holds is bounded, and so is what all hold.</summary>
    public int MaxCalls { get; init; } = 2048;

    /// <summary>How long a client may take to send the request of a method that takes one.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Services that have a method here, with their definitions where known.</summary>
    public IReadOnlyDictionary<string, ServiceDescriptor?> Services => _services;

    /// <summary>Tells reflection how a service is defined.</summary>
    public void Describe(ServiceDescriptor service) => _services[service.FullName] = service;

    /// <summary>One request, one response.</summary>
    public void AddUnary<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, Func<TRequest, RpcServerCall, Task<TResponse>> serve)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add(method, async (requests, writer, call) =>
        {
            var response = await serve(await OnlyAsync(requests, call).ConfigureAwait(false), call).ConfigureAwait(false);
            writer.Write(response);
        });

    /// <summary>One request, many responses.</summary>
    public void AddServerStreaming<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, Func<TRequest, IRpcWriter<TResponse>, RpcServerCall, Task> serve)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add(method, async (requests, writer, call) => await serve(await OnlyAsync(requests, call).ConfigureAwait(false), writer, call).ConfigureAwait(false));

    /// <summary>Many of both.</summary>
    public void AddDuplex<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, IRpcWriter<TResponse>, RpcServerCall, Task> serve)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add(method, serve);

    /// <summary>Serves one HTTP request.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "whatever happens, the client gets a status")]
    public async Task HandleAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentType?.StartsWith(RpcHeaders.ContentType, StringComparison.Ordinal) != true)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired; // HTTP/1.1 has no place for the status
            return;
        }

        context.Response.ContentType = RpcHeaders.ContentType;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null; // streams may be silent
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // each message is bounded instead
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
        var (code, detail) = (RpcStatusCode.OK, "");
        var deadline = false;
        var calls = Interlocked.Increment(ref _calls);
        try
        {
            if (calls > MaxCalls)
            {
                throw new RpcException(RpcStatusCode.ResourceExhausted, $"{MaxCalls} calls are under way, which is the limit; try again later");
            }

            if (context.Request.Headers.TryGetValue(RpcHeaders.Timeout, out var timeout))
            {
                if (!RpcHeaders.TryParseTimeout(timeout.ToString(), out var limit))
                {
                    throw new RpcException(RpcStatusCode.Internal, $"malformed {RpcHeaders.Timeout}");
                }

                deadline = true;
                stop.CancelAfter(limit);
            }

            if (!_handlers.TryGetValue(context.Request.Path.Value ?? "", out var handler))
            {
                throw new RpcException(RpcStatusCode.Unimplemented, $"this server has no method {context.Request.Path.Value}");
            }

            var encoding = context.Request.Headers.TryGetValue(RpcHeaders.EncodingName, out var encodings) ? encodings.ToString() : "identity";
            if (encoding is not ("identity" or "gzip"))
            {
                context.Response.Headers[RpcHeaders.AcceptEncoding] = "identity,gzip";
                throw new RpcException(RpcStatusCode.Unimplemented, $"compression {RpcHeaders.EncodeMessage(encoding)} is not supported; use identity or gzip");
            }

            await handler(context, encoding == "gzip", MaxMessageBytes, stop.Token).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            (code, detail) = (e.Code, e.Detail);
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or IOException or InvalidOperationException)
        {
            (code, detail) = context.RequestAborted.IsCancellationRequested ? (RpcStatusCode.Cancelled, "the client went away")
                : _stopping.IsCancellationRequested ? (RpcStatusCode.Unavailable, "the server stops")
                : deadline ? (RpcStatusCode.DeadlineExceeded, "the deadline passed") : (RpcStatusCode.Cancelled, "cancelled");
        }
        catch (Exception e)
        {
            LogFault(context.Request.Path.Value ?? "", e);
            (code, detail) = (RpcStatusCode.Internal, "the server failed; its log says why");
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }

        await FinishAsync(context, code, detail).ConfigureAwait(false);
    }

    private static async Task FinishAsync(HttpContext context, RpcStatusCode code, string detail)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var status = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (!context.Response.HasStarted)
        {
            // "Trailers only": some clients give up on headers without a body otherwise.
            if (code != RpcStatusCode.OK)
            {
                context.Response.Headers[RpcHeaders.Status] = status;
                context.Response.Headers[RpcHeaders.Message] = RpcHeaders.EncodeMessage(detail);
                return;
            }

            try
            {
                await context.Response.StartAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        context.Response.AppendTrailer(RpcHeaders.Status, status);
        if (detail.Length > 0)
        {
            context.Response.AppendTrailer(RpcHeaders.Message, RpcHeaders.EncodeMessage(detail));
        }
    }

    private async Task<TRequest> OnlyAsync<TRequest>(IAsyncEnumerable<TRequest> requests, RpcServerCall call)
        where TRequest : class
    {
        TRequest? only = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        limit.CancelAfter(RequestTimeout);
        try
        {
            await foreach (var request in requests.WithCancellation(limit.Token).ConfigureAwait(false))
            {
                only = only is null ? request : throw new RpcException(RpcStatusCode.Internal, "more than one request to a method that takes one");
            }
        }
        catch (OperationCanceledException) when (!call.Cancellation.IsCancellationRequested)
        {
            throw new RpcException(RpcStatusCode.DeadlineExceeded, $"no whole request within {RequestTimeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s");
        }

        return only ?? throw new RpcException(RpcStatusCode.Internal, "no request");
    }

    private void Add<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, IRpcWriter<TResponse>, RpcServerCall, Task> serve)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        _services.TryAdd(method.Service, null);
        _handlers.Add(method.Path, async (context, gzip, maxMessageBytes, cancellation) =>
        {
            var call = new RpcServerCall(context, cancellation);
            var writer = new RpcResponseWriter<TResponse>(context.Response, cancellation);
            await serve(RpcRequestReader.ReadAsync(context.Request.Body, method.RequestParser, maxMessageBytes, gzip, cancellation), writer, call).ConfigureAwait(false);
            if (writer.Unflushed > 0)
            {
                await writer.FlushAsync().ConfigureAwait(false);
            }
        });
    }

    private delegate Task RpcHandler(HttpContext context, bool gzip, int maxMessageBytes, CancellationToken cancellation);
}
