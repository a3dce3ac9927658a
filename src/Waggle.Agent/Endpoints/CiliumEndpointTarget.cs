using System.Text.Json.Nodes;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Endpoints;

/// <summary>Table <c>endpoints</c> → CiliumEndpoint resources, named as their pods and owned by them.</summary>
internal sealed class CiliumEndpointTarget(KubeSources kube, Readiness readiness) : IReconcilerTarget<EndpointRow>
{
    public async ValueTask UpdateAsync(Snapshot snapshot, EndpointRow row, CancellationToken cancellation)
    {
        if (row.PodKey.Length == 0)
        {
            return;
        }

        CiliumEndpointStatus status = await StatusOfAsync(row).ConfigureAwait(false);
        CiliumEndpoint? present = kube.CiliumEndpoints.Find(row.State.Namespace, row.State.Pod);
        if (present is not null && row.State.Workload is { } workload && present.Metadata.Annotations.GetValueOrDefault(PodWorkload.Annotation, "") != workload)
        {
            var annotation = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [PodWorkload.Annotation] = workload.Length > 0 ? workload : null } } };
            await kube.Client.PatchAsync(KubeTypes.CiliumEndpoints, row.State.Namespace, row.State.Pod, KubePatch.Merge(annotation), cancellation: cancellation).ConfigureAwait(false);
        }

        if (present is not null && Same(present.Status, status))
        {
            return;
        }

        if (present is null)
        {
            try
            {
                var owner = new OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = row.State.Pod, Uid = row.State.PodUid };
                await kube.Client.CreateAsync(
                    KubeTypes.CiliumEndpoints,
                    new CiliumEndpoint
                    {
                        Metadata = new ObjectMeta
                        {
                            Namespace = row.State.Namespace, Name = row.State.Pod, Labels = kube.Pods.Find(row.State.Namespace, row.State.Pod)?.Metadata.Labels ?? new Dictionary<string, string>(),
                            Annotations = row.State.Workload is { Length: > 0 } owned ? new Dictionary<string, string> { [PodWorkload.Annotation] = owned } : new Dictionary<string, string>(),
                            OwnerReferences = row.State.PodUid.Length > 0 ? [owner] : [],
                        },
                        Status = status,
                    },
                    cancellation: cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e) when (e.IsAlreadyExists)
            {
            }
        }

        // A status that is a subresource is not taken from a create.
        var patch = new JsonObject { ["status"] = KubeJson.ToJson(status) };
        await kube.Client.PatchAsync(KubeTypes.CiliumEndpoints, row.State.Namespace, row.State.Pod, KubePatch.Merge(patch), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
    }

    public async ValueTask DeleteAsync(Snapshot snapshot, EndpointRow row, CancellationToken cancellation)
    {
        if (row.PodKey.Length == 0)
        {
            return;
        }

        // A pod of the same name (a StatefulSet's) may have its own by now, here or on another node.
        CiliumEndpoint? present = await kube.Client.TryGetAsync(KubeTypes.CiliumEndpoints, row.State.Namespace, row.State.Pod, cancellation).ConfigureAwait(false);
        if (present is not null && present.Status.ExternalIdentifiers?.ContainerId == row.State.ContainerId)
        {
            await kube.Client.TryDeleteAsync(KubeTypes.CiliumEndpoints, row.State.Namespace, row.State.Pod, new DeleteOptions { Uid = present.Metadata.Uid }, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<EndpointRow> desired, CancellationToken cancellation)
    {
        await readiness.Sources.WaitAsync(cancellation).ConfigureAwait(false);
        string at = (await readiness.Node.ConfigureAwait(false)).TunnelAddress?.ToString() ?? "";
        HashSet<string> wanted = [.. desired.Select(r => r.PodKey)];
        foreach (CiliumEndpoint endpoint in kube.CiliumEndpoints.Objects.Values.Where(e => e.Status.Networking?.Node == at && !wanted.Contains(e.Key.ToString())).ToArray())
        {
            await kube.Client.TryDeleteAsync(KubeTypes.CiliumEndpoints, endpoint.Metadata.Namespace, endpoint.Metadata.Name!, new DeleteOptions { Uid = endpoint.Metadata.Uid }, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<CiliumEndpointStatus> StatusOfAsync(EndpointRow row) => new()
    {
        Id = row.Id,
        State = "ready",
        Identity = new CiliumEndpointIdentity { Id = row.State.Identity, Labels = row.State.Labels },
        Networking = new CiliumEndpointNetworking { Addressing = [new CiliumIpPair { Ipv4 = row.State.Ipv4, Ipv6 = row.State.Ipv6 }], Node = (await readiness.Node.ConfigureAwait(false)).TunnelAddress?.ToString() },
        NamedPorts = [.. row.State.Ports.Select(PortOf).OfType<CiliumNamedPort>()],
        Policy = new CiliumEndpointPolicy { Ingress = DirectionOf(row.Policy.Ingress, row.Policy.Audit), Egress = DirectionOf(row.Policy.Egress, row.Policy.Audit) },
        ExternalIdentifiers = new CiliumExternalIdentifiers
        {
            ContainerId = row.State.ContainerId, CniAttachmentId = row.Attachment, K8sNamespace = row.State.Namespace, K8sPodName = row.State.Pod, PodName = row.PodKey,
        },
    };

    private static CiliumEndpointPolicyDirection DirectionOf(bool on, bool audit) => new() { Enforcing = on && !audit, State = !on ? "disabled" : audit ? "non-enforcing" : "enforcing" };

    private static CiliumNamedPort? PortOf(string text) =>
        text.Split('=', '/') is [var name, var protocol, var number] && int.TryParse(number, out int port) ? new CiliumNamedPort { Name = name, Port = port, Protocol = protocol } : null;

    private static bool Same(CiliumEndpointStatus a, CiliumEndpointStatus b) => JsonNode.DeepEquals(KubeJson.ToJson(a), KubeJson.ToJson(b));
}
