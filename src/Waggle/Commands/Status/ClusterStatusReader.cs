using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Status;

/// <summary>Reads the status of an installation: what the API server knows, and when all of that is well, what the agents say themselves.</summary>
internal sealed class ClusterStatusReader(KubeClient client, string @namespace, AgentProblems agents)
{
    private static readonly (string Name, bool Required)[] DeploymentNames = [(Components.Operator, true), (Components.Relay, false), (Components.Ui, false), (Components.ClusterMesh, false)];

    private static readonly (string Name, bool Required)[] DaemonSetNames = [(Components.Agent, true), (Components.Envoy, false)];

    public async Task<ClusterStatus> ReadAsync(CancellationToken cancellation)
    {
        var workloads = new List<Workload>();
        var pods = new List<PodCount>();
        var images = new List<ImageCount>();
        var problems = new List<Problem>();
        var own = (await client.ListAsync(KubeTypes.Pods, @namespace, cancellation: cancellation).ConfigureAwait(false)).Items;
        foreach (var (name, required) in DaemonSetNames)
        {
            if (await client.TryGetAsync(KubeTypes.DaemonSets, @namespace, name, cancellation).ConfigureAwait(false) is { } set)
            {
                var status = set.Status;
                workloads.Add(new Workload("DaemonSet", name, status.DesiredNumberScheduled, status.NumberReady, status.NumberAvailable ?? 0, status.NumberUnavailable ?? 0));
                Count(name, set.Spec.Selector);
            }
            else if (required)
            {
                problems.Add(new Problem(name, name, $"DaemonSet {@namespace}/{name} does not exist"));
            }
        }

        foreach (var (name, required) in DeploymentNames)
        {
            if (await client.TryGetAsync(KubeTypes.Deployments, @namespace, name, cancellation).ConfigureAwait(false) is { } deployment)
            {
                var status = deployment.Status;
                workloads.Add(new Workload("Deployment", name, deployment.Spec.Replicas ?? 1, status.ReadyReplicas ?? 0, status.AvailableReplicas ?? 0, status.UnavailableReplicas ?? 0));
                Count(name, deployment.Spec.Selector);
            }
            else if (required)
            {
                problems.Add(new Problem(name, name, $"Deployment {@namespace}/{name} does not exist"));
            }
        }

        problems.AddRange(workloads.SelectMany(Judge));
        var (total, managed) = await CountClusterPodsAsync(cancellation).ConfigureAwait(false);
        var seen = new ClusterStatus { Workloads = workloads, Pods = pods, Images = images, Problems = problems, ClusterPods = total, ManagedPods = managed };
        return seen.Complete ? seen with { Problems = [.. problems, .. await agents.ReadAsync(cancellation).ConfigureAwait(false)] } : seen;

        void Count(string component, LabelSelector? selector)
        {
            var mine = own.Where(pod => Matches(selector, pod)).ToList();
            pods.AddRange(mine.GroupBy(pod => pod.Status.Phase ?? "Unknown").OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new PodCount(component, group.Key, group.Count())));
            images.AddRange(mine.SelectMany(pod => pod.Spec.Containers).GroupBy(container => container.Image ?? "").OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new ImageCount(component, group.Key, group.Count())));
            problems.AddRange(mine.SelectMany(pod => JudgePod(component, pod)));
        }
    }

    private static bool Matches(LabelSelector? selector, Pod pod) =>
        selector is { MatchLabels.Count: > 0 } && selector.MatchLabels.All(label => pod.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value);

    private static IEnumerable<Problem> Judge(Workload workload)
    {
        var missing = workload.Desired - workload.Ready;
        if (missing > 0)
        {
            yield return new Problem(workload.Name, workload.Name, $"{missing} {(missing == 1 ? "pod" : "pods")} of {workload.Kind} {workload.Name} {(missing == 1 ? "is" : "are")} not ready");
        }
        else if (workload is { Kind: "DaemonSet", Desired: 0 })
        {
            yield return new Problem(workload.Name, workload.Name, $"DaemonSet {workload.Name} is wanted on no node", IsError: false);
        }
    }

    private static IEnumerable<Problem> JudgePod(string component, Pod pod)
    {
        var name = pod.Metadata.Name ?? "";
        if (pod.Status.Phase is "Pending" or "Failed" or "Unknown")
        {
            var unscheduled = pod.Status.Conditions.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" });
            yield return new Problem(component, name, unscheduled?.Message ?? pod.Status.Message ?? $"pod is {pod.Status.Phase?.ToLowerInvariant()}", IsError: false);
        }

        foreach (var container in pod.Status.InitContainerStatuses.Concat(pod.Status.ContainerStatuses))
        {
            if (container.State?.Waiting is { Reason: { } reason and not ("ContainerCreating" or "PodInitializing") } waiting)
            {
                yield return new Problem(component, name, $"container {container.Name} is waiting: {reason}{(waiting.Message is { } message ? $": {message}" : "")}");
            }
        }
    }

    /// <summary>Pods with a network of their own, and how many of them have an endpoint.</summary>
    private async Task<(int Total, int Managed)> CountClusterPodsAsync(CancellationToken cancellation)
    {
        var all = (await client.ListAsync(KubeTypes.Pods, cancellation: cancellation).ConfigureAwait(false)).Items;
        var networked = all.Where(pod => pod.Spec.HostNetwork != true && pod.Status.Phase is ("Running" or "Pending")).ToList();
        HashSet<ObjectKey> endpoints;
        try
        {
            endpoints = [.. (await client.ListAsync(KubeTypes.CiliumEndpoints, cancellation: cancellation).ConfigureAwait(false)).Items.Select(endpoint => endpoint.Key)];
        }
        catch (KubeApiException none) when (none.IsNotFound)
        {
            endpoints = [];
        }

        return (networked.Count, networked.Count(pod => endpoints.Contains(pod.Key)));
    }
}
