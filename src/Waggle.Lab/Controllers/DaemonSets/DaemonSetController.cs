using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.DaemonSets;

/// <summary>Keeps one pod of a DaemonSet on every node it selects, and replaces them when the template changes.</summary>
internal sealed class DaemonSetController : KeyedController
{
    private static readonly TimeSpan MaxFailedWait = TimeSpan.FromMinutes(15);
    private readonly Informer<DaemonSet> _sets;
    private readonly Informer<Node> _nodes;
    private readonly Informer<ControllerRevision> _revisions;
    private readonly PodIndex _pods = new();
    private readonly Expectations _expectations;
    private readonly PodControl _control;
    private readonly Lock _gate = new();
    private readonly Dictionary<(ObjectKey Set, string Node), (int Failures, DateTimeOffset At)> _failures = [];

    internal DaemonSetController(ControllerContext context)
        : base(context, "daemonset")
    {
        _expectations = new(context.Time);
        _control = new(Client, Events, _expectations);
        _sets = Watch(KubeTypes.DaemonSets, change => Queue.Add(change.Object.Key));
        _nodes = Watch(KubeTypes.Nodes, NodeChanged);
        _revisions = Watch(KubeTypes.ControllerRevisions);
        Watch(KubeTypes.Pods, PodChanged);
    }

    private protected override async Task SyncAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_sets.Find(key) is not { Spec: { Selector: { } selector, Template: { } template } } set)
        {
            _expectations.Forget(key);
            return;
        }

        if (set.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        var owner = KubeTypes.DaemonSets.Owner(set);
        var pods = await _control.ClaimAsync(_pods.OwnedBy(set.Metadata.Uid ?? ""), _pods.Orphans(key.Namespace), selector, owner, mayAdopt: true, cancellation).ConfigureAwait(false);
        var hash = await RevisionAsync(set, template, owner, cancellation).ConfigureAwait(false);
        var plan = new DaemonPlan(set, _nodes.Objects.Values, pods, hash, Now);
        KubeApiException? failure = null;
        if (_expectations.AreMet(key))
        {
            try
            {
                await CarryOutAsync(set, plan, hash, cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e)
            {
                failure = e;
            }
        }

        await WriteStatusAsync(set, plan.Status(), cancellation).ConfigureAwait(false);
        if (pods.Where(p => p.IsActive()).UntilAvailable(set.Spec.MinReadySeconds ?? 0, Now) is { } wait)
        {
            Queue.AddAfter(key, wait);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private void NodeChanged(InformerChange<Node> change)
    {
        // A heartbeat changes nothing here.
        if (change is { Old: { } before, New: { } after } && Same(before.Metadata.Labels, after.Metadata.Labels) && before.Spec.Taints.SequenceEqual(after.Spec.Taints))
        {
            return;
        }

        foreach (var key in _sets.Objects.Keys)
        {
            Queue.Add(key);
        }
    }

    private static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(p => b.TryGetValue(p.Key, out var value) && value == p.Value);

    private void PodChanged(InformerChange<Pod> change)
    {
        _pods.Apply(change);
        var pod = change.Object;
        if (pod.Metadata.ControllerOwner() is not { Kind: "DaemonSet" } owner)
        {
            return;
        }

        var key = new ObjectKey(pod.Metadata.Namespace ?? "", owner.Name);
        _expectations.Observe(key, change);
        Queue.Add(key);
    }

    private async Task CarryOutAsync(DaemonSet set, DaemonPlan plan, string hash, CancellationToken cancellation)
    {
        var about = KubeTypes.DaemonSets.Reference(set);
        var doomed = plan.Delete.ToList();
        foreach (var pod in plan.Failed)
        {
            if (WaitForFailed(set.Key, pod) is { } wait && wait > TimeSpan.Zero)
            {
                Queue.AddAfter(set.Key, wait);
                continue;
            }

            await Events.WarningAsync(about, "FailedDaemonPod", $"Found failed daemon pod {pod.Key} on node {pod.Spec.NodeName}, will try to kill it", cancellation).ConfigureAwait(false);
            doomed.Add(pod);
        }

        await _control.DeleteManyAsync(doomed.Distinct(), set.Key, about, cancellation).ConfigureAwait(false);
        await _control.CreateManyAsync(plan.Create.Count, set.Key, about, i => DaemonPods.Make(set, plan.Create[i], hash), cancellation).ConfigureAwait(false);
    }

    /// <summary>A pod that fails at once would be made again and again: each failure on a node doubles the wait.</summary>
    private TimeSpan WaitForFailed(ObjectKey set, Pod pod)
    {
        var at = (set, pod.Spec.NodeName ?? "");
        lock (_gate)
        {
            var known = _failures.GetValueOrDefault(at);
            if (known.Failures > 0 && Now - known.At > 2 * MaxFailedWait)
            {
                known = default;
            }

            var wait = known.Failures == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, known.Failures - 1), MaxFailedWait.TotalSeconds));
            if (known.At + wait > Now)
            {
                return known.At + wait - Now;
            }

            _failures[at] = (known.Failures + 1, Now);
            return TimeSpan.Zero;
        }
    }

    /// <summary>The hash of the present template, with a ControllerRevision that <c>kubectl rollout history</c> and <c>undo</c> read.</summary>
    private async Task<string> RevisionAsync(DaemonSet set, PodTemplate template, OwnerReference owner, CancellationToken cancellation)
    {
        var history = _revisions.Objects.Values.Where(r => r.Metadata.ControllerOwner()?.Uid == set.Metadata.Uid).OrderBy(r => r.Revision).ToList();
        var wanted = Templates.Canonical(template);
        var current = history.LastOrDefault(r => TemplateOf(r) is { } old && JsonNode.DeepEquals(Templates.Canonical(old), wanted));
        var highest = history.Select(r => r.Revision).DefaultIfEmpty(0).Max();
        if (current is null)
        {
            return await MakeRevisionAsync(set, template, owner, highest + 1, cancellation).ConfigureAwait(false);
        }

        if (current.Revision < highest)
        {
            // A rollback: the old template is the newest revision again.
            await Client.PatchAsync(
                KubeTypes.ControllerRevisions, set.Metadata.Namespace, current.Metadata.Name!, KubePatch.Merge(new() { ["revision"] = highest + 1 }), cancellation: cancellation).ConfigureAwait(false);
        }

        var inUse = _pods.OwnedBy(set.Metadata.Uid ?? "").Select(p => p.Metadata.Labels.GetValueOrDefault(DaemonPods.HashLabel)).ToHashSet();
        var unused = history.Where(r => r != current && !inUse.Contains(r.Metadata.Labels.GetValueOrDefault(DaemonPods.HashLabel))).ToList();
        foreach (var old in unused.Take(Math.Max(unused.Count - (set.Spec.RevisionHistoryLimit ?? 10), 0)))
        {
            await Client.TryDeleteAsync(KubeTypes.ControllerRevisions, set.Metadata.Namespace, old.Metadata.Name!, cancellation: cancellation).ConfigureAwait(false);
        }

        return current.Metadata.Labels.GetValueOrDefault(DaemonPods.HashLabel) ?? Templates.Hash(template, set.Status.CollisionCount ?? 0);
    }

    private async Task<string> MakeRevisionAsync(DaemonSet set, PodTemplate template, OwnerReference owner, long number, CancellationToken cancellation)
    {
        var hash = Templates.Hash(template, set.Status.CollisionCount ?? 0);
        var body = JsonNode.Parse(template.Json.GetRawText())!.AsObject();
        body["$patch"] = "replace";
        var data = new JsonObject { ["spec"] = new JsonObject { ["template"] = body } };
        var revision = new ControllerRevision
        {
            Metadata = new()
            {
                Name = $"{set.Metadata.Name}-{hash}",
                Namespace = set.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels) { [DaemonPods.HashLabel] = hash },
                Annotations = set.Metadata.Annotations.Where(a => a.Key != "kubectl.kubernetes.io/last-applied-configuration").ToDictionary(),
                OwnerReferences = [owner],
            },
            Data = JsonSerializer.SerializeToElement(data, KubeJson.TypeInfo<JsonObject>()),
            Revision = number,
        };
        try
        {
            await Client.CreateAsync(KubeTypes.ControllerRevisions, revision, cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            var existing = await Client.GetAsync(KubeTypes.ControllerRevisions, set.Metadata.Namespace, revision.Metadata.Name!, cancellation).ConfigureAwait(false);
            if (existing.Metadata.ControllerOwner()?.Uid != set.Metadata.Uid || !Templates.AreEqual(TemplateOf(existing), template))
            {
                var patch = new JsonObject { ["status"] = new JsonObject { ["collisionCount"] = (set.Status.CollisionCount ?? 0) + 1 } };
                await Client.PatchAsync(KubeTypes.DaemonSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(patch), null, "status", cancellation).ConfigureAwait(false);
                throw;
            }
        }

        return hash;
    }

    private static PodTemplate? TemplateOf(ControllerRevision revision)
    {
        if (revision.Data is not { ValueKind: JsonValueKind.Object } data || JsonNode.Parse(data.GetRawText())?["spec"]?["template"] is not JsonObject template)
        {
            return null;
        }

        template.Remove("$patch");
        return Templates.ToTemplate(template);
    }

    private async Task WriteStatusAsync(DaemonSet set, DaemonSetStatus status, CancellationToken cancellation)
    {
        var old = set.Status with { UpdatedNumberScheduled = set.Status.UpdatedNumberScheduled ?? 0, NumberAvailable = set.Status.NumberAvailable ?? 0, NumberUnavailable = set.Status.NumberUnavailable ?? 0 };
        if (old != status)
        {
            await Client.PatchAsync(
                KubeTypes.DaemonSets, set.Metadata.Namespace, set.Metadata.Name!, KubePatch.Merge(new() { ["status"] = KubeJson.ToJson(status) }), null, "status", cancellation).ConfigureAwait(false);
        }
    }
}
