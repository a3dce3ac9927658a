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
        waiting.AddRange(await UnfinishedAsync(client, cancellation).ConfigureAwait(false));
        return waiting.Count == 0 ? null : string.Join(", ", waiting);
    }

    /// <summary>Pods that do not exist yet show only in the numbers of those who make them.</summary>
    private static async Task<IEnumerable<string>> UnfinishedAsync(KubeClient client, CancellationToken cancellation)
    {
        var deployments = (await client.ListAsync(KubeTypes.Deployments, "kube-system", cancellation: cancellation).ConfigureAwait(false)).Items;
        var daemonSets = (await client.ListAsync(KubeTypes.DaemonSets, "kube-system", cancellation: cancellation).ConfigureAwait(false)).Items;
        return
        [
            .. deployments.Where(d => (d.Status.ReadyReplicas ?? 0) < (d.Spec.Replicas ?? 1) || d.Status.ObservedGeneration != d.Metadata.Generation).Select(d => "deployment " + d.Metadata.Name),
            .. daemonSets.Where(d => d.Status.NumberReady < d.Status.DesiredNumberScheduled || d.Status.DesiredNumberScheduled == 0 || d.Status.ObservedGeneration != d.Metadata.Generation).Select(d => "daemonset " + d.Metadata.Name),
        ];
    }

    private static bool IsTrue(IEnumerable<Condition> conditions, string type) => conditions.Any(c => c.Type == type && c.Status == "True");

    private static string Why(Pod pod) =>
        pod.Status.ContainerStatuses.Select(c => c.State?.Waiting?.Reason).FirstOrDefault(r => r is not null) is { } reason ? $" ({reason})" : "";
}
