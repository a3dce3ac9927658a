using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Nodes;

/// <summary>
/// Judges nodes by their leases: one that stays silent becomes Ready=Unknown. Keeps the taints <c>not-ready</c> and
/// <c>unreachable</c> true to the Ready condition, so that nothing new is placed on a node that cannot run it.
/// </summary>
internal sealed class NodeLifecycle : KeyedController
{
    /// <summary>Silence after which a node counts as gone (Kubernetes' node-monitor-grace-period).</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(40);

    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly Informer<Node> _nodes;
    private readonly Informer<Lease> _leases;
    private readonly DateTimeOffset _started;

    public NodeLifecycle(ControllerContext context)
        : base(context, "node-lifecycle")
    {
        _started = Now;
        _leases = Watch(KubeTypes.Leases);
        _nodes = Watch(KubeTypes.Nodes, change =>
        {
            if (change.New is not null && (change.Old is null || Ready(change.Old) != Ready(change.New) || !change.Old.Spec.Taints.SequenceEqual(change.New.Spec.Taints)))
            {
                Queue.Add(change.New.Key);
            }
        });
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_nodes.Find(key) is not { } node)
        {
            return;
        }

        Queue.AddAfter(key, LookAgain);
        // Time before this controller ran does not count as silence: nobody could have heard.
        var heard = _leases.Find("kube-node-lease", key.Name)?.Spec.RenewTime ?? node.Metadata.CreationTimestamp ?? _started;
        var ready = Ready(node);
        if (Now - (heard > _started ? heard : _started) > Grace && ready != "Unknown")
        {
            await SetUnknownAsync(key.Name, cancellation).ConfigureAwait(false);
            ready = "Unknown";
        }

        await TaintAsync(node, ready, cancellation).ConfigureAwait(false);
    }

    private Task SetUnknownAsync(string name, CancellationToken cancellation)
    {
        var condition = new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = "Unknown",
            ["reason"] = "NodeStatusUnknown",
            ["message"] = "Kubelet stopped posting node status.",
            ["lastTransitionTime"] = Now.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        return Client.PatchAsync(KubeTypes.Nodes, null, name, KubePatch.Strategic(patch), null, "status", cancellation);
    }

    private async Task TaintAsync(Node node, string ready, CancellationToken cancellation)
    {
        var wanted = ready switch { "True" => null, "False" => NotReady, _ => Unreachable };
        var ours = node.Spec.Taints.Where(t => t.Key is NotReady or Unreachable).Select(t => t.Key).Distinct().ToArray();
        if (wanted is null ? ours.Length == 0 : ours is [var only] && only == wanted)
        {
            return;
        }

        var taints = node.Spec.Taints.Where(t => t.Key is not (NotReady or Unreachable)).Select(t => (JsonNode)new JsonObject { ["key"] = t.Key, ["value"] = t.Value, ["effect"] = t.Effect });
        if (wanted is not null)
        {
            taints = taints.Append(new JsonObject { ["key"] = wanted, ["effect"] = "NoSchedule" });
        }

        // The version makes this fail rather than undo a taint that somebody set meanwhile.
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints]) },
        };
        await Client.PatchAsync(KubeTypes.Nodes, null, node.Metadata.Name!, KubePatch.Merge(patch), null, null, cancellation).ConfigureAwait(false);
    }

    private static string Ready(Node node) => node.Status.Conditions.FirstOrDefault(c => c.Type == "Ready")?.Status ?? "Unknown";
}
