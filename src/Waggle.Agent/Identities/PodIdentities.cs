using Waggle.Agent.Cni;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Identities;

/// <summary>Who a pod is.</summary>
/// <param name="Ports">Names of its ports, sorted, each <c>name=PROTOCOL/port</c>.</param>
/// <param name="Workload">Who it belongs to, as <see cref="PodWorkload.ToString"/>; empty: nobody.</param>
public sealed record PodIdentity(uint Number, IdentityLabels Labels, IReadOnlyList<string> Ports, string Workload);

/// <summary>The identity of a pod of this node.</summary>
public sealed class PodIdentities(KubeSources kube, IdentityAllocator allocator, IdentityTable table, ConfigState config)
{
    private readonly LabelFilter _filter = new(config.Current["labels"]);

    /// <summary>Labels and number for the pod that a CNI call names. A container that is no pod starts as <c>reserved:init</c>.</summary>
    /// <exception cref="CniException">The pod does not exist, or the API cannot be asked: try again later.</exception>
    public async Task<PodIdentity> ResolveAsync(CniArgs args, CancellationToken cancellation)
    {
        if (args.Pod.Length == 0)
        {
            return new PodIdentity(ReservedIdentity.Init, IdentityLabels.Of(["reserved:init"]), [], "");
        }

        try
        {
            // The runtime knows a new pod before our watch does: then ask.
            Pod? pod = kube.Pods.Find(args.Namespace, args.Pod);
            if (pod is null || (args.Uid.Length > 0 && pod.Metadata.Uid != args.Uid))
            {
                pod = await kube.Client.TryGetAsync(KubeTypes.Pods, args.Namespace, args.Pod, cancellation).ConfigureAwait(false)
                    ?? throw new CniException(CniErrorCode.TryAgainLater, $"pod {args.Namespace}/{args.Pod} does not exist in the API", $"kubectl -n {args.Namespace} get pod {args.Pod}");
            }

            IdentityLabels labels = await LabelsOfAsync(pod, cancellation).ConfigureAwait(false);
            return await ResolveAsync(pod, labels, cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e)
        {
            throw new CniException(CniErrorCode.TryAgainLater, $"the identity of pod {args.Namespace}/{args.Pod} cannot be found: the API does not help", e.Message, e);
        }
    }

    /// <summary>The identity of these labels; known to policy without a wait for the watch.</summary>
    public async Task<PodIdentity> ResolveAsync(Pod pod, IdentityLabels labels, CancellationToken cancellation)
    {
        uint number = await allocator.ResolveAsync(labels, cancellation).ConfigureAwait(false);
        table.Upsert(new IdentityRow(number, labels.Labels));
        return new PodIdentity(number, labels, PortsOf(pod), PodWorkload.Of(pod)?.ToString() ?? "");
    }

    /// <summary>The names of a pod's ports; of two with one name the last holds.</summary>
    public static IReadOnlyList<string> PortsOf(Pod pod) =>
    [
        .. pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")).SelectMany(c => c.Ports).Where(p => !string.IsNullOrEmpty(p.Name))
            .Select(p => $"{p.Name}={(string.IsNullOrEmpty(p.Protocol) ? "TCP" : p.Protocol)}/{p.Port}").Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>The labels that make a pod's identity.</summary>
    public async Task<IdentityLabels> LabelsOfAsync(Pod pod, CancellationToken cancellation)
    {
        string @namespace = pod.Metadata.Namespace ?? "default";
        Namespace? ns = kube.Namespaces.Find(null, @namespace) ?? await kube.Client.TryGetAsync(KubeTypes.Namespaces, null, @namespace, cancellation).ConfigureAwait(false);
        return IdentityLabels.OfPod(
            @namespace, pod.Metadata.Labels, ns?.Metadata.Labels ?? new Dictionary<string, string>(),
            pod.Spec.ServiceAccountName is { Length: > 0 } account ? account : "default", config.Current.ClusterName, _filter);
    }
}
