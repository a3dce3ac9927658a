using System.Reflection;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Json;

namespace Waggle.Lab.Cluster;

/// <summary>Installs Waggle in a lab as it would be in a real cluster: the manifests of <c>deploy/</c>, with the lab's values in the ConfigMap.</summary>
internal static class LabInstaller
{
    private const string FieldManager = "waggle-lab";

    /// <summary>Applies every manifest by server-side apply, so that repeating it is harmless.</summary>
    public static async Task InstallAsync(KubeClient client, LabOptions options, CancellationToken cancellation)
    {
        foreach (var manifest in Manifests().OrderBy(Rank))
        {
            if ((string?)manifest["kind"] == "ConfigMap" && (string?)manifest["metadata"]?["name"] == "cilium-config")
            {
                await KeepChangesAsync(client, manifest, options, cancellation).ConfigureAwait(false);
            }

            if (options.Nodes == 1 && (string?)manifest["kind"] == "Deployment")
            {
                // Replicas that must not share a node would wait for ever.
                manifest["spec"]!["replicas"] = 1;
            }

            var type = await FindAsync(client, manifest, cancellation).ConfigureAwait(false);
            await client.ApplyAsync(type, manifest, FieldManager, force: true, cancellation: cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<ResourceType<JsonObject>> FindAsync(KubeClient client, JsonObject manifest, CancellationToken cancellation)
    {
        var (version, kind) = ((string?)manifest["apiVersion"] ?? "", (string?)manifest["kind"] ?? "");
        return await client.Discovery.FindKindAsync(version, kind, cancellation).ConfigureAwait(false)
            ?? throw new LabException($"The manifests in deploy/ contain a {version} {kind}, which this API server does not serve.");
    }

    /// <summary>A lab that is started again keeps what its user set: only keys that are not there yet get the lab's values.</summary>
    private static async Task KeepChangesAsync(KubeClient client, JsonObject manifest, LabOptions options, CancellationToken cancellation)
    {
        var data = manifest["data"]!.AsObject();
        foreach (var (key, value) in Values(options))
        {
            data[key] = value;
        }

        var present = await client.TryGetAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", cancellation).ConfigureAwait(false);
        foreach (var (key, value) in present?.Data ?? new Dictionary<string, string>())
        {
            data[key] = value;
        }
    }

    private static IEnumerable<(string Key, string Value)> Values(LabOptions options)
    {
        yield return ("cluster-name", options.Name);
        yield return ("enable-ipv4", options.Families != LabFamilies.IPv6 ? "true" : "false");
        yield return ("enable-ipv6", options.Families != LabFamilies.IPv4 ? "true" : "false");
        yield return ("routing-mode", options.Routing == LabRouting.Native ? "native" : "tunnel");
        if (options.Routing == LabRouting.Native)
        {
            yield return ("auto-direct-node-routes", "true");
            yield return ("ipv4-native-routing-cidr", "10.0.0.0/8");
            yield return ("ipv6-native-routing-cidr", "fd00::/104");
        }
    }

    private static IEnumerable<JsonObject> Manifests()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("deploy/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            foreach (var manifest in KubeYaml.ReadAll(reader))
            {
                yield return manifest;
            }
        }
    }

    /// <summary>What others refer to comes first.</summary>
    private static int Rank(JsonObject manifest) => (string?)manifest["kind"] switch
    {
        "CustomResourceDefinition" => 0,
        "ServiceAccount" or "ConfigMap" => 1,
        "DaemonSet" or "Deployment" => 3,
        _ => 2,
    };
}
