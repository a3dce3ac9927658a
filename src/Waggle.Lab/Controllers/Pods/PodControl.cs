using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Creates, deletes, adopts and releases pods for a controller, with expectations and Events.</summary>
internal sealed class PodControl(KubeClient client, EventRecorder events, Expectations expectations)
{
    private static readonly ResourceType<JsonObject> PodJson = ResourceType.Untyped("", "v1", "pods", "Pod", true);

    /// <summary>Creates pods, few at first and then more, so that a refusal that meets all of them is not repeated for each.</summary>
    /// <returns>How many were created.</returns>
    /// <exception cref="KubeApiException">The first refusal; the batch it came with was finished.</exception>
    internal async Task<int> CreateManyAsync(int count, ObjectKey owner, ObjectReference about, Func<int, JsonObject> make, CancellationToken cancellation)
    {
        var done = 0;
        for (var batch = 1; done < count; batch = Math.Min(batch * 2, count - done))
        {
            var size = Math.Min(batch, count - done);
            var first = done;
            var results = await Task.WhenAll(Enumerable.Range(0, size).Select(i => TryCreateAsync(owner, about, make(first + i), cancellation))).ConfigureAwait(false);
            done += results.Count(r => r is null);
            if (results.FirstOrDefault(r => r is not null) is { } error)
            {
                throw error;
            }
        }

        return done;
    }

    /// <summary>Deletes pods at the same time.</summary>
    internal Task DeleteManyAsync(IEnumerable<Pod> pods, ObjectKey owner, ObjectReference about, CancellationToken cancellation) =>
        Task.WhenAll(pods.Select(pod => DeleteAsync(pod, owner, about, cancellation)));

    /// <summary>Takes over pods that match and have no controller, and lets go owned ones that match no more.</summary>
    /// <returns>The pods owned after that.</returns>
    internal async Task<List<Pod>> ClaimAsync(
        IEnumerable<Pod> owned, IEnumerable<Pod> orphans, LabelSelector selector, OwnerReference owner, bool mayAdopt, CancellationToken cancellation)
    {
        var result = new List<Pod>();
        foreach (var pod in owned)
        {
            if (selector.Matches(pod.Metadata.Labels))
            {
                result.Add(pod);
            }
            else if (mayAdopt)
            {
                await PatchOwnersAsync(pod, [.. pod.Metadata.OwnerReferences.Where(o => o.Uid != owner.Uid)], cancellation).ConfigureAwait(false);
            }
        }

        foreach (var pod in orphans)
        {
            if (mayAdopt && pod.IsActive() && selector.Matches(pod.Metadata.Labels))
            {
                await PatchOwnersAsync(pod, [.. pod.Metadata.OwnerReferences, owner], cancellation).ConfigureAwait(false);
                result.Add(pod);
            }
        }

        return result;
    }

    private async Task<KubeApiException?> TryCreateAsync(ObjectKey owner, ObjectReference about, JsonObject pod, CancellationToken cancellation)
    {
        expectations.ExpectCreation(owner);
        try
        {
            var created = await client.CreateAsync(PodJson, pod, cancellation: cancellation).ConfigureAwait(false);
            await events.NormalAsync(about, "SuccessfulCreate", $"Created pod: {PodJson.Key(created).Name}", cancellation).ConfigureAwait(false);
            return null;
        }
        catch (KubeApiException e)
        {
            expectations.Created(owner);
            // A namespace that is being emptied refuses new content; that is no news.
            if (e.Status?.Details?.Causes.Any(c => c.Reason == "NamespaceTerminating") != true)
            {
                await events.WarningAsync(about, "FailedCreate", $"Error creating: {e.Status?.Message ?? e.Message}", cancellation).ConfigureAwait(false);
            }

            return e;
        }
    }

    private async Task DeleteAsync(Pod pod, ObjectKey owner, ObjectReference about, CancellationToken cancellation)
    {
        var uid = pod.Metadata.Uid ?? "";
        expectations.ExpectDeletion(owner, uid);
        try
        {
            await client.DeleteAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, new() { Uid = uid }, cancellation).ConfigureAwait(false);
            await events.NormalAsync(about, "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}", cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e)
        {
            expectations.Deleted(owner, uid);
            if (!e.IsNotFound && !e.IsConflict)
            {
                await events.WarningAsync(about, "FailedDelete", $"Error deleting: {e.Status?.Message ?? e.Message}", cancellation).ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task PatchOwnersAsync(Pod pod, IReadOnlyList<OwnerReference> owners, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            // The uid makes it fail for another pod of the same name, the version for one that got another owner meanwhile.
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.Uid,
                ["resourceVersion"] = pod.Metadata.ResourceVersion,
                ["ownerReferences"] = new JsonArray([.. owners.Select(Templates.ToJson)]),
            },
        };
        await client.PatchAsync(KubeTypes.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
    }
}
