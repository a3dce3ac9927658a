using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Brings one pod's status to the API: the newest counts, states in between may be skipped.</summary>
internal sealed partial class PodStatusWriter(KubeClient client, TimeProvider time, ILogger logger, Func<PodFacts> facts) : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _dirty = new(0);
    private readonly SemaphoreSlim _writing = new(1);
    private IReadOnlyList<Condition>? _conditions;
    private string? _last;
    private volatile bool _closed;

    /// <summary>The status has changed; it is written soon.</summary>
    public void Changed()
    {
        try
        {
            if (_dirty.CurrentCount == 0)
                _dirty.Release();
        }
        catch (ObjectDisposedException)
        {
            // The pod is gone: nobody asks any more.
        }
    }

    public void Dispose()
    {
        _dirty.Dispose();
        _writing.Dispose();
    }

    /// <summary>Writes whenever something has changed, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await _dirty.WaitAsync(cancellation).ConfigureAwait(false);
                if (await WriteAsync(cancellation).ConfigureAwait(false))
                    continue;
                await Task.Delay(Retry, time, cancellation).ConfigureAwait(false);
                Changed();
            }
        }
        catch (OperationCanceledException)
        {
            // The pod is gone or the node stops.
        }
    }

    /// <summary>Nothing is written any more.</summary>
    public void Close() => _closed = true;

    /// <summary>Writes the status as it is now. False when that has to be tried again.</summary>
    public async Task<bool> WriteAsync(CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_closed)
                return true;
            PodFacts now = facts();
            // The watch may lag behind our own writes: transition times are taken from what we wrote.
            if (_conditions is { } conditions)
                now = now with { Pod = now.Pod with { Status = now.Pod.Status with { Conditions = [.. conditions, .. now.Pod.Status.Conditions.Where(seen => conditions.All(own => own.Type != seen.Type))] } } };
            PodStatus status = PodStatusBuilder.Build(now, time.GetUtcNow());
            JsonObject body = KubeJson.ToJson(status);
            body["reason"] ??= null;
            body["message"] ??= null;
            string text = body.ToJsonString();
            if (text == _last)
                return true;
            ObjectMeta meta = now.Pod.Metadata;
            // With the uid, a pod of the same name that was made meanwhile is not touched.
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = meta.Uid }, ["status"] = body };
            _ = await client.PatchAsync(KubeTypes.Pods, meta.Namespace, meta.Name!, KubePatch.Merge(patch), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
            _last = text;
            _conditions = status.Conditions;
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            return true; // deleted meanwhile
        }
        catch (KubeApiException e)
        {
            LogFailed(facts().Pod.Metadata.Name ?? "", e.Message);
            return false;
        }
        finally
        {
            _writing.Release();
        }
    }

    [LoggerMessage(3331, LogLevel.Warning, "status of pod {Pod} not written, will retry: {Reason}")]
    private partial void LogFailed(string pod, string reason);
}
