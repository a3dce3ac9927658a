using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Scheduling;

/// <summary>Gives each pod without a node the best one that fits, through the pod's <c>binding</c> subresource.</summary>
/// <remarks>
/// What it has bound counts at once, before the watch shows it: otherwise pods that come together would all see the same empty node.
/// </remarks>
internal sealed partial class Scheduler : IController
{
    private const string SchedulerName = "default-scheduler";
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);

    private readonly KubeClient _client;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Node> _nodes;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;

    /// <summary>One key only: all waiting pods are placed in one pass, the most important first.</summary>
    private readonly WorkQueue<bool> _passes;
    private readonly Dictionary<string, string> _bound = [];
    private readonly Dictionary<string, string> _refused = [];

    public Scheduler(ControllerContext context)
    {
        _client = context.Client;
        _events = context.Events(SchedulerName);
        _logger = context.Loggers.CreateLogger<Scheduler>();
        _passes = new WorkQueue<bool>(context.Time);
        _pods = context.Informer(KubeTypes.Pods);
        _nodes = context.Informer(KubeTypes.Nodes);
        _pods.OnChange(_ => _passes.Add(true));
        // A node's heartbeat is no reason to look: only what decides about fitting is.
        _nodes.OnChange(change =>
        {
            if (change.Old is null || change.New is null || !NodeFit.SameForScheduling(change.Old, change.New))
            {
                _passes.Add(true);
            }
        });
    }

    public string Name => "scheduler";

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(_pods.Synced, _nodes.Synced).WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        _passes.Add(true);
        await _passes.RunAsync(1, (_, c) => ScheduleAllAsync(c), (_, e) => LogFailed("", e.Message), cancellation).ConfigureAwait(false);
    }

    private async Task ScheduleAllAsync(CancellationToken cancellation)
    {
        _passes.AddAfter(true, LookAgain);
        var pods = _pods.Objects;
        Forget(pods.Values);
        var waiting = pods.Values
            .Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Metadata.DeletionTimestamp is null
                && (pod.Spec.SchedulerName ?? SchedulerName) == SchedulerName && pod.Status.Phase is not ("Succeeded" or "Failed")
                && !_bound.ContainsKey(pod.Metadata.Uid ?? ""))
            .OrderByDescending(pod => pod.Spec.Priority ?? 0).ThenBy(pod => pod.Metadata.CreationTimestamp).ThenBy(pod => pod.Key);
        foreach (var pod in waiting)
        {
            await ScheduleAsync(pod, new Placement(_nodes.Objects.Values, _pods.Objects.Values, _bound), cancellation).ConfigureAwait(false);
        }
    }

    private async Task ScheduleAsync(Pod pod, Placement placement, CancellationToken cancellation)
    {
        var (node, reason) = placement.Choose(pod);
        try
        {
            if (node is null)
            {
                await RefuseAsync(pod, reason, cancellation).ConfigureAwait(false);
                return;
            }

            var binding = new Binding
            {
                ApiVersion = "v1",
                Kind = "Binding",
                Metadata = new ObjectMeta { Name = pod.Metadata.Name, Namespace = pod.Metadata.Namespace, Uid = pod.Metadata.Uid },
                Target = new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node },
            };
            await _client.PostSubresourceAsync<Binding, System.Text.Json.Nodes.JsonNode>(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, "binding", binding, cancellation).ConfigureAwait(false);
            _bound[pod.Metadata.Uid ?? ""] = node;
            _refused.Remove(pod.Metadata.Uid ?? "");
            await _events.NormalAsync(KubeTypes.Pods.Reference(pod), "Scheduled", $"Successfully assigned {pod.Key} to {node}", cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It was deleted or bound meanwhile; the watch tells.
        }
        catch (KubeApiException e)
        {
            LogFailed(pod.Key.ToString(), e.Message);
        }
    }

    /// <summary>Says once, until the reason changes, why a pod waits: as an event and as the condition PodScheduled.</summary>
    private async Task RefuseAsync(Pod pod, string reason, CancellationToken cancellation)
    {
        var uid = pod.Metadata.Uid ?? "";
        if (_refused.TryGetValue(uid, out var said) && said == reason)
        {
            return;
        }

        _refused[uid] = reason;
        var condition = new System.Text.Json.Nodes.JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["reason"] = "Unschedulable",
            ["message"] = reason,
            ["lastTransitionTime"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        };
        var patch = new System.Text.Json.Nodes.JsonObject
        {
            ["status"] = new System.Text.Json.Nodes.JsonObject { ["conditions"] = new System.Text.Json.Nodes.JsonArray(condition) },
        };
        await _client.PatchAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, KubePatch.Strategic(patch), null, "status", cancellation).ConfigureAwait(false);
        await _events.WarningAsync(KubeTypes.Pods.Reference(pod), "FailedScheduling", reason, cancellation).ConfigureAwait(false);
    }

    /// <summary>What the watch shows by now, or shows no more, need not be remembered.</summary>
    private void Forget(IEnumerable<Pod> pods)
    {
        var unbound = pods.Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName)).Select(pod => pod.Metadata.Uid ?? "").ToHashSet();
        foreach (var uid in _bound.Keys.Where(uid => !unbound.Contains(uid)).ToArray())
        {
            _bound.Remove(uid);
        }

        foreach (var uid in _refused.Keys.Where(uid => !unbound.Contains(uid)).ToArray())
        {
            _refused.Remove(uid);
        }
    }

    [LoggerMessage(3111, LogLevel.Warning, "scheduling {Pod}: {Error}")]
    private partial void LogFailed(string pod, string error);
}
