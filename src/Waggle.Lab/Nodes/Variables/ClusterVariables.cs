using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Lab.Nodes.Variables;

/// <summary>The variables by which programs in pods find the API server.</summary>
internal static class ClusterVariables
{
    public static IReadOnlyDictionary<string, string> Of(IPEndPoint apiServer)
    {
        string host = apiServer.Address.ToString(), port = apiServer.Port.ToString(CultureInfo.InvariantCulture);
        string url = $"tcp://{(apiServer.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host)}:{port}";
        return new Dictionary<string, string>
        {
            ["KUBERNETES_SERVICE_HOST"] = host,
            ["KUBERNETES_SERVICE_PORT"] = port,
            ["KUBERNETES_SERVICE_PORT_HTTPS"] = port,
            ["KUBERNETES_PORT"] = url,
            [$"KUBERNETES_PORT_{port}_TCP"] = url,
            [$"KUBERNETES_PORT_{port}_TCP_ADDR"] = host,
            [$"KUBERNETES_PORT_{port}_TCP_PORT"] = port,
            [$"KUBERNETES_PORT_{port}_TCP_PROTO"] = "tcp",
        };
    }
}
