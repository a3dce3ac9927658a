using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.GarbageCollection;

/// <summary>Removes pods that no kubelet will ever remove: of nodes that are gone, ending ones that never had a node, and too many finished ones.</summary>
internal sealed class PodGc : KeyedController
{
    /// <summary>How long a node must be missing: one that is registered anew must find its pods.</summary>
    internal static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private const int MaxFinished = 12_500;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Node> _nodes;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _missing = [];
    private readonly TimeSpan _quarantine;

    internal PodGc(ControllerContext context, TimeSpan? quarantine = null)
        : base(context, "pod-gc")
    {
        _quarantine = quarantine ?? Quarantine;
        _nodes = Watch(KubeTypes.Nodes, change =>
        {
            if (change.IsDeleted)
            {
                AddPodsOf(change.Object.Metadata.Name);
            }
        });
        _pods = Watch(KubeTypes.Pods, change =>
        {
            if (change.New is { } pod && (change.Old is null || pod.IsTerminating() || (pod.IsFinished() && !change.Old.IsFinished())))
            {
                Queue.Add(pod.Key);
            }
        });
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_pods.Find(key) is not { } pod)
        {
            return;
        }

        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            if (pod.IsTerminating())
            {
                await RemoveAsync(pod, cancellation).ConfigureAwait(false);
            }
        }
        else if (_nodes.Find(null, pod.Spec.NodeName) is null)
        {
            await RemoveIfNodeIsGoneAsync(pod, cancellation).ConfigureAwait(false);
        }
        else if (pod.IsFinished())
        {
            await RemoveOldestFinishedAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void AddPodsOf(string? node)
    {
        foreach (var (key, pod) in _pods.Objects)
        {
            if (pod.Spec.NodeName == node)
            {
                Queue.Add(key);
            }
        }
    }

    private async Task RemoveIfNodeIsGoneAsync(Pod pod, CancellationToken cancellation)
    {
        var node = pod.Spec.NodeName!;
        DateTimeOffset since;
        lock (_gate)
        {
            since = _missing.TryGetValue(node, out var at) && Now - at < 10 * (_quarantine + TimeSpan.FromSeconds(1)) ? at : _missing[node] = Now;
        }

        if (since + _quarantine - Now is { } wait && wait > TimeSpan.Zero)
        {
            Queue.AddAfter(pod.Key, wait);
            return;
        }

        if (await Client.TryGetAsync(KubeTypes.Nodes, null, node, cancellation).ConfigureAwait(false) is null)
        {
            await RemoveAsync(pod, cancellation).ConfigureAwait(false);
        }

        lock (_gate)
        {
            if (!_pods.Objects.Values.Any(p => p.Spec.NodeName == node && p.Key != pod.Key))
            {
                _missing.Remove(node);
            }
        }
    }

    private async Task RemoveOldestFinishedAsync(CancellationToken cancellation)
    {
        var finished = _pods.Objects.Values.Where(p => p.IsFinished()).ToList();
        foreach (var pod in finished.OrderBy(p => p.Metadata.CreationTimestamp).Take(Math.Max(finished.Count - MaxFinished, 0)))
        {
            await RemoveAsync(pod, cancellation).ConfigureAwait(false);
        }
    }

    private Task<bool> RemoveAsync(Pod pod, CancellationToken cancellation) =>
        Client.TryDeleteAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, new() { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid }, cancellation);
}
