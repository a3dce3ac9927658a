using Waggle.Kube.Client;

namespace Waggle.Kube.Exec;

/// <summary>Connections to ports of pods through the API server.</summary>
public static class PodPort
{
    /// <summary>Opens a connection to a port on the pod's own loopback address. Each is a WebSocket of its own.</summary>
    /// <exception cref="KubeApiException">No such pod, or it is not running, or the user may not.</exception>
    public static async Task<Stream> ConnectPortAsync(this KubeClient client, string @namespace, string pod, int port, CancellationToken cancellation = default)
    {
        var path = new QueryBuilder(KubeTypes.Pods.Path(@namespace, pod, "portforward")).Add("ports", port.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToString();
        var socket = await client.OpenWebSocketAsync(path, [PodExec.V4], cancellation).ConfigureAwait(false);
        return new PodPortStream(socket, $"port {port} of {@namespace}/{pod}");
    }
}
