using Waggle.Cli;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;

namespace Waggle.Commands.Config;

/// <summary>Reads the configuration where the command runs: in an agent's container the mounted files, elsewhere the ConfigMap.</summary>
internal static class ConfigSource
{
    private const string Mounted = "/tmp/cilium/config-map";

    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(Call call, ClusterFlags cluster, CancellationToken cancellation)
    {
        if (cluster.PrefersNode(call) && Directory.Exists(Mounted))
        {
            return Directory.EnumerateFiles(Mounted)
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
                .ToDictionary(file => Path.GetFileName(file), file => File.ReadAllText(file).TrimEnd('\n'), StringComparer.Ordinal);
        }

        using var client = cluster.Open(call);
        return await ReadAsync(client, call.Get(cluster.Namespace)!, cancellation).ConfigureAwait(false);
    }

    /// <exception cref="CliException">There is no installation in that namespace.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(KubeClient client, string @namespace, CancellationToken cancellation)
    {
        var map = await client.TryGetAsync(KubeTypes.ConfigMaps, @namespace, ConfigCommands.MapName, cancellation).ConfigureAwait(false);
        return map?.Data ?? throw new CliException($"there is no ConfigMap {@namespace}/{ConfigCommands.MapName}", "Is Waggle installed here, and in another namespace? Use --namespace.");
    }
}
