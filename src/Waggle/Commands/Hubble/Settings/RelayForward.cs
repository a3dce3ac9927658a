using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Exec;

namespace Waggle.Commands.Hubble.Settings;

/// <summary>
/// The way to the relay through the cluster's API server (<c>--port-forward</c>). Each connection goes straight through; no local port is
/// opened that others could use, too, or that could be taken.
/// </summary>
internal static class RelayForward
{
    private const string Service = "hubble-relay";

    private static readonly ResourceType<JsonObject> Services = ResourceType.Untyped("", "v1", "services", "Service", true);
    private static readonly ResourceType<JsonObject> Pods = ResourceType.Untyped("", "v1", "pods", "Pod", true);

    /// <summary>Opens a connection to a relay.</summary>
    /// <exception cref="IOException">The cluster cannot be asked, or has no relay that runs: the message says which.</exception>
    public static async ValueTask<Stream> ConnectAsync(KubeClient client, string @namespace, CancellationToken cancellation)
    {
        try
        {
            JsonNode service = await client.TryGetAsync(Services, @namespace, Service, cancellation).ConfigureAwait(false)
                ?? throw new IOException($"there is no Service {@namespace}/{Service}: is Hubble's relay installed, and in that namespace (--kube-namespace)?");
            var port = service["spec"]?["ports"]?.AsArray() is [{ } first, ..] ? first : throw new IOException($"Service {@namespace}/{Service} has no port");
            var selector = string.Join(',', service["spec"]!["selector"]?.AsObject().Select(s => $"{s.Key}={s.Value}") ?? []);
            if (selector.Length == 0)
            {
                throw new IOException($"Service {@namespace}/{Service} selects no pods");
            }

            var pods = await client.ListAsync(Pods, @namespace, new ListOptions { LabelSelector = selector }, cancellation).ConfigureAwait(false);
            var pod = pods.Items.Where(p => (string?)p["status"]?["phase"] == "Running" && p["metadata"]?["deletionTimestamp"] is null).OrderByDescending(IsReady).FirstOrDefault()
                ?? throw new IOException($"no pod of Service {@namespace}/{Service} runs");
            return await client.ConnectPortAsync(@namespace, (string)pod["metadata"]!["name"]!, PortOf(pod, port), cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static bool IsReady(JsonObject pod) => pod["status"]?["conditions"]?.AsArray().Any(c => (string?)c?["type"] == "Ready" && (string?)c["status"] == "True") == true;

    /// <summary>Where a Service's port leads: a number, or the name of a port of the pod; without either, the same number.</summary>
    internal static int PortOf(JsonObject pod, JsonNode port)
    {
        var target = (port["targetPort"] ?? port["port"])!.ToString();
        if (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        foreach (var named in pod["spec"]?["containers"]?.AsArray().SelectMany(c => c?["ports"]?.AsArray() ?? []) ?? [])
        {
            if ((string?)named?["name"] == target)
            {
                return (int)named!["containerPort"]!;
            }
        }

        throw new IOException($"pod {(string?)pod["metadata"]?["name"]} has no port \"{target}\"");
    }
}
