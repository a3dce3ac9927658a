using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Waggle.Kube.Config;
using Waggle.Kube.Json;

namespace Waggle.Kube.Client;

/// <summary>Sends requests: authentication, time limits, retries, and errors as <see cref="KubeApiException"/>.</summary>
internal sealed class KubeTransport : IDisposable
{
    private const int MaxErrorBody = 64 * 1024;
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    private readonly HttpMessageInvoker _invoker;
    private readonly KubeClientOptions _options;

    internal KubeTransport(KubeConfig config, KubeClientOptions options)
    {
        Config = config;
        _options = options;
        Base = new Uri(config.Server.AbsoluteUri.TrimEnd('/') + "/");
        _invoker = new HttpMessageInvoker(CreateHandler(config), disposeHandler: true);
    }

    internal KubeConfig Config { get; }

    internal Uri Base { get; }

    public void Dispose() => _invoker.Dispose();

    /// <summary>TLS as the configuration wants it; also used by the WebSocket client.</summary>
    internal static SocketsHttpHandler CreateHandler(KubeConfig config)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = config.TlsServerName };
        if (config.ClientCertificate is { } client)
        {
            tls.ClientCertificates = [client];
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => client;
        }

        if (config.InsecureSkipTlsVerify)
        {
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (config.CertificateAuthorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            tls.CertificateChainPolicy = policy;
        }

        return new SocketsHttpHandler
        {
            SslOptions = tls,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            EnableMultipleHttp2Connections = true,
            // A watch on a connection that died silently must notice: nothing else would.
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
        };
    }

    /// <summary>Sends and, when that is safe, repeats. Returns a successful response whose content is not yet read.</summary>
    /// <param name="call">What to send.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="KubeApiException">The server refused or cannot be reached.</exception>
    internal async Task<HttpResponseMessage> SendAsync(KubeCall call, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? retryAfter;
            KubeApiException failure;
            try
            {
                var response = await SendOnceAsync(call, cancellation).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    failure = await ReadErrorAsync(call, response, cancellation).ConfigureAwait(false);
                    retryAfter = RetryDelayOf(call, response, failure);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                failure = new KubeApiException(0, null, call.ToString(), e is OperationCanceledException ? new TimeoutException($"no answer within {_options.RequestTimeout.TotalSeconds:0} s", e) : e);
                retryAfter = call.Idempotent && !IsHopeless(e) || IsNotSent(e) ? TimeSpan.Zero : null;
            }

            if (retryAfter is not { } wait || attempt >= _options.Retries)
            {
                throw failure;
            }

            var backoff = _options.RetryDelay * Math.Pow(2, attempt) * (0.75 + (Random.Shared.NextDouble() * 0.5));
            wait = TimeSpan.FromTicks(Math.Min(Math.Max(wait.Ticks, backoff.Ticks), MaxDelay.Ticks));
            await Task.Delay(wait, _options.Time, cancellation).ConfigureAwait(false);
        }
    }

    internal Exception Broken(KubeCall call, Exception cause) => new KubeApiException(0, null, call.ToString(), cause);

    internal AuthenticationHeaderValue? Authorization() => Config.Token is { } token ? new("Bearer", token.Current()) : null;

    private static bool IsHopeless(Exception e) => e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };

    /// <summary>The request never left this machine, so that even a create may be repeated.</summary>
    private static bool IsNotSent(Exception e) => e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    private static TimeSpan? RetryDelayOf(KubeCall call, HttpResponseMessage response, KubeApiException failure)
    {
        // 429 says "not processed" whatever the method; a 5xx may come after the work was done.
        var retry = response.StatusCode == HttpStatusCode.TooManyRequests
            || (call.Idempotent && response.StatusCode is HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
        if (!retry)
        {
            return null;
        }

        return response.Headers.RetryAfter?.Delta ?? (failure.Status?.Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(KubeCall call, CancellationToken cancellation)
    {
        using var request = call.ToRequest(Base);
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        request.Headers.UserAgent.TryParseAdd(_options.UserAgent);
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.Authorization = Authorization();

        // HttpMessageInvoker returns once the headers are in, so the limit does not cut a long body or a watch.
        using var limit = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        return await _invoker.SendAsync(request, linked.Token).ConfigureAwait(false);
    }

    private static async Task<KubeApiException> ReadErrorAsync(KubeCall call, HttpResponseMessage response, CancellationToken cancellation)
    {
        KubeStatus? status = null;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            var buffer = new byte[MaxErrorBody];
            var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            status = Parse(buffer.AsSpan(0, read));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The status code says enough.
        }

        return new(response.StatusCode, status, call.ToString());
    }

    private static KubeStatus Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, KubeJson.TypeInfo<KubeStatus>()) is { } status)
            {
                return status;
            }
        }
        catch (JsonException)
        {
            // A proxy between us and the server may answer with text.
        }

        return new() { Message = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, 512)]) };
    }
}
