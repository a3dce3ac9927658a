using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Cluster;

/// <summary>What a lab still waits for: nodes that are not Ready, system pods that are not Ready.</summary>
internal static class LabReadiness
{
    /// <summary>Null when all is ready; otherwise what is missing, for people.</summary>
    public static async Task<string?> MissingAsync(KubeClient client, LabOptions options, CancellationToken cancellation)
    {
        var nodes = (await client.ListAsync(KubeTypes.Nodes, cancellation: cancellation).ConfigureAwait(false)).Items;
        var waiting = new List<string>();
        if (nodes.Count < options.Nodes)
        {
            waiting.Add($"{options.Nodes - nodes.Count} nodes");
        }

        if (!options.InstallWaggle)
        {
            return waiting.Count == 0 ? null : string.Join(", ", waiting);
        }

        waiting.AddRange(nodes.Where(node => !IsTrue(node.Status.Conditions, "Ready")).Select(node => "node " + node.Metadata.Name));
        var pods = (await client.ListAsync(KubeTypes.Pods, "kube-system", cancellation: cancellation).ConfigureAwait(false)).Items;
        if (pods.Count == 0)
        {
            waiting.Add("system pods");
        }

        waiting.AddRange(pods.Where(pod => !IsTrue(pod.Status.Conditions, "Ready")).Select(pod => $"pod {pod.Metadata.Name}{Why(pod)}"));
        return waiting.Count == 0 ? null : string.Join(", ", waiting);
    }

    private static bool IsTrue(IEnumerable<Condition> conditions, string type) => conditions.Any(c => c.Type == type && c.Status == "True");

    private static string Why(Pod pod) =>
        pod.Status.ContainerStatuses.Select(c => c.State?.Waiting?.Reason).FirstOrDefault(r => r is not null) is { } reason ? $" ({reason})" : "";
}
