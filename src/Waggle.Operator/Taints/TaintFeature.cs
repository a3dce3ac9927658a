using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Loops;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Operator.Taints;

/// <summary>Takes the "agent not ready" taint off a node as soon as the node's agent is ready.</summary>
public sealed partial class TaintFeature(OperatorContext context) : IOperatorFeature
{
    private readonly ILogger _logger = context.Logs.CreateLogger<TaintFeature>();
    private readonly Signal _changed = new();

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!context.Config.Flag("remove-cilium-node-taints"))
        {
            return;
        }

        string key = context.Config["agent-not-ready-taint-key"];
        context.Nodes.OnChange(_ => _changed.Set());
        context.Pods.OnChange(change =>
        {
            if (IsAgent(change.Object))
            {
                _changed.Set();
            }
        });
        await Task.WhenAll(context.Nodes.Synced, context.Pods.Synced).WaitAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            bool complete = true;
            foreach (Node node in context.Nodes.Objects.Values.Where(n => n.Spec.Taints.Any(t => t.Key == key)))
            {
                if (context.Pods.Objects.Values.Any(p => IsAgent(p) && p.Spec.NodeName == node.Metadata.Name && IsReady(p)))
                {
                    complete &= await RemoveAsync(node, key, cancellation).ConfigureAwait(false);
                }
            }

            await _changed.WaitAsync(complete ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1), context.Time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> RemoveAsync(Node node, string key, CancellationToken cancellation)
    {
        // The resource version makes a change by another in between fail, instead of undoing it.
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. node.Spec.Taints.Where(t => t.Key != key).Select(t => (JsonNode)KubeJson.ToJson(t))]) },
        };
        try
        {
            await context.Client.PatchAsync(KubeTypes.Nodes, null, node.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
            LogRemoved(node.Metadata.Name!, key);
            return true;
        }
        catch (KubeApiException e)
        {
            LogFailed(node.Metadata.Name!, key, e.Message);
            return false;
        }
    }

    private bool IsAgent(Pod pod) => pod.Metadata.Namespace == context.Namespace && pod.Metadata.Labels.GetValueOrDefault("k8s-app") == "cilium";

    private static bool IsReady(Pod pod) => pod.Status.Conditions.Any(c => c.Type == "Ready" && c.Status == "True");
}
