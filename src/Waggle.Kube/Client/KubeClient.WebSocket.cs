using System.Net;
using System.Net.WebSockets;

namespace Waggle.Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>Opens a WebSocket below the server's root with the client's credentials.</summary>
    /// <exception cref="KubeApiException">Refused or unreachable.</exception>
    internal async Task<WebSocket> OpenWebSocketAsync(string path, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        foreach (var protocol in protocols)
        {
            socket.Options.AddSubProtocol(protocol);
        }

        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(20);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(20);
        if (_transport.Authorization() is { } authorization)
        {
            socket.Options.SetRequestHeader("Authorization", authorization.ToString());
        }

        // One handler per socket: an upgraded connection cannot be pooled anyway.
        using var invoker = new HttpMessageInvoker(KubeTransport.CreateHandler(Config), disposeHandler: false);
        var address = new UriBuilder(new Uri(_transport.Base, path));
        address.Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        try
        {
            await socket.ConnectAsync(address.Uri, invoker, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch (WebSocketException e)
        {
            var code = socket.HttpStatusCode;
            socket.Dispose();
            throw code is 0 or HttpStatusCode.SwitchingProtocols
                ? new KubeApiException(0, null, $"GET /{path}", e)
                : await ExplainAsync(path, code, e, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The WebSocket client hides the body of a refusal; the same request without the upgrade repeats it.</summary>
    private async Task<KubeApiException> ExplainAsync(string path, HttpStatusCode code, Exception cause, CancellationToken cancellation)
    {
        try
        {
            using var response = await _transport.SendAsync(new(HttpMethod.Get, path, false), cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.StatusCode == code)
        {
            return e;
        }
        catch (KubeApiException)
        {
            // A server that answers plain requests differently; the code has to do.
        }

        return new(code, null, $"GET /{path}", cause);
    }
}
