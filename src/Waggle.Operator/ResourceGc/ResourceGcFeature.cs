using Microsoft.Extensions.Logging;
using Waggle.Hosting.Loops;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.ResourceGc;

/// <summary>Removes CiliumEndpoints of pods that are gone, and CiliumNodes and MulticastNodes of nodes that are gone.</summary>
/// <remarks>Agents remove their own; this is for agents that cannot any more. An object must be orphaned in two looks in a row.</remarks>
public sealed partial class ResourceGcFeature(OperatorContext context) : IOperatorFeature
{
    private readonly ILogger _logger = context.Logs.CreateLogger<ResourceGcFeature>();
    private readonly Signal _nodeGone = new();
    private HashSet<string> _suspects = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        context.Nodes.OnChange(change =>
        {
            if (change.IsDeleted)
            {
                _nodeGone.Set();
            }
        });
        await Task.WhenAll(context.Nodes.Synced, context.Pods.Synced, context.CiliumNodes.Synced, context.CiliumEndpoints.Synced, context.MulticastNodes.Synced).WaitAsync(cancellation).ConfigureAwait(false);
        TimeSpan interval = Min(context.Config.Duration("cilium-endpoint-gc-interval"), context.Config.Duration("nodes-gc-interval"));
        while (true)
        {
            bool suspects = await CollectAsync(cancellation).ConfigureAwait(false);
            await _nodeGone.WaitAsync(suspects ? TimeSpan.FromSeconds(10) : interval, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> CollectAsync(CancellationToken cancellation)
    {
        var orphans = new List<(ResourceType Type, KubeObject Object)>();
        foreach (CiliumEndpoint endpoint in context.CiliumEndpoints.Objects.Values)
        {
            if (context.Pods.Find(endpoint.Key) is not { } pod || pod.Status.Phase is "Succeeded" or "Failed")
            {
                orphans.Add((KubeTypes.CiliumEndpoints, endpoint));
            }
        }

        orphans.AddRange(context.CiliumNodes.Objects.Values.Where(n => context.Nodes.Find(null, n.Metadata.Name!) is null).Select(n => ((ResourceType)KubeTypes.CiliumNodes, (KubeObject)n)));
        orphans.AddRange(context.MulticastNodes.Objects.Values.Where(n => context.Nodes.Find(null, n.Metadata.Name!) is null).Select(n => ((ResourceType)KubeTypes.MulticastNodes, (KubeObject)n)));

        var suspects = new HashSet<string>(StringComparer.Ordinal);
        foreach ((ResourceType type, KubeObject orphan) in orphans)
        {
            string id = $"{type.Kind} {orphan.Key} {orphan.Metadata.Uid}";
            if (!_suspects.Contains(id))
            {
                suspects.Add(id);
                continue;
            }

            try
            {
                await context.Client.TryDeleteAsync(type, orphan.Metadata.Namespace, orphan.Metadata.Name!, new DeleteOptions { Uid = orphan.Metadata.Uid }, cancellation).ConfigureAwait(false);
                LogRemoved(type.Kind, orphan.Key.ToString());
            }
            catch (KubeApiException e)
            {
                suspects.Add(id);
                LogFailed(type.Kind, orphan.Key.ToString(), e.Message);
            }
        }

        _suspects = suspects;
        return suspects.Count > 0;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
