using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Json;

namespace Waggle.Operator.Crds;

/// <summary>Installs Waggle's resource types, from the files of <c>deploy/crds</c> that are built in.</summary>
public sealed partial class CrdInstaller(KubeClient client, TimeProvider time, ILogger<CrdInstaller> logger)
{
    private static readonly ResourceType<JsonObject> Type = ResourceType.Untyped("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false);

    /// <summary>The built-in definitions, by file name.</summary>
    public static IReadOnlyList<JsonObject> Definitions()
    {
        var all = new List<JsonObject>();
        foreach (string name in typeof(CrdInstaller).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("crds/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = typeof(CrdInstaller).Assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream);
            all.AddRange(KubeYaml.ReadAll(reader));
        }

        return all;
    }

    /// <summary>Creates what is missing, updates what is older, and returns when the API serves all types. Repeats until it succeeds.</summary>
    public async Task InstallAsync(CancellationToken cancellation)
    {
        foreach (JsonObject definition in Definitions())
        {
            string name = (string)definition["metadata"]!["name"]!;
            for (TimeSpan wait = TimeSpan.FromMilliseconds(200); ; wait = wait < TimeSpan.FromSeconds(5) ? wait * 2 : wait)
            {
                try
                {
                    await EnsureAsync(name, definition, cancellation).ConfigureAwait(false);
                    break;
                }
                catch (KubeApiException e)
                {
                    LogFailed(name, e.Message);
                    await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task EnsureAsync(string name, JsonObject definition, CancellationToken cancellation)
    {
        JsonObject? present = await client.TryGetAsync(Type, null, name, cancellation).ConfigureAwait(false);
        if (present is null)
        {
            try
            {
                present = await client.CreateAsync(Type, definition.DeepClone().AsObject(), cancellation: cancellation).ConfigureAwait(false);
                LogInstalled(name);
            }
            catch (KubeApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
            {
                present = await client.GetAsync(Type, null, name, cancellation).ConfigureAwait(false);
            }
        }
        else if (!JsonSubset.Contains(present["spec"], definition["spec"]))
        {
            // A merge patch replaces lists as a whole: exactly what a new version of the schema wants.
            var patch = new JsonObject { ["spec"] = definition["spec"]!.DeepClone() };
            present = await client.PatchAsync(Type, null, name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
            LogUpdated(name);
        }

        while (!IsEstablished(present))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation).ConfigureAwait(false);
            present = await client.GetAsync(Type, null, name, cancellation).ConfigureAwait(false);
        }
    }

    private static bool IsEstablished(JsonObject definition) =>
        definition["status"]?["conditions"] is JsonArray conditions && conditions.Any(c => (string?)c?["type"] == "Established" && (string?)c["status"] == "True");
}
