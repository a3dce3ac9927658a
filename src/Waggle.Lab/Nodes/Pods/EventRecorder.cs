using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Writes Events about pods and the node. The same thing again counts up the event there is; when the API is slow, the oldest are dropped.</summary>
internal sealed partial class EventRecorder(KubeClient client, string node, TimeProvider time, ILogger logger)
{
    private const int MaxKnown = 512;

    private readonly Channel<(ObjectReference About, string Type, string Reason, string Message)> _queue =
        Channel.CreateBounded<(ObjectReference, string, string, string)>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Dictionary<(string? Uid, string? Field, string Reason, string Message), (string Namespace, string Name, int Count)> _known = [];

    public void Normal(Pod pod, string? container, string reason, string message) => Add(pod, container, "Normal", reason, message);

    public void Warning(Pod pod, string? container, string reason, string message) => Add(pod, container, "Warning", reason, message);

    public void AboutNode(string type, string reason, string message) =>
        _queue.Writer.TryWrite((new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node, Uid = node }, type, reason, message));

    /// <summary>Writes what is queued until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach ((ObjectReference about, string type, string reason, string message) in _queue.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                try
                {
                    await WriteAsync(about, type, reason, message, cancellation).ConfigureAwait(false);
                }
                catch (KubeApiException e)
                {
                    LogLost(reason, about.Name ?? "", e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    private void Add(Pod pod, string? container, string type, string reason, string message)
    {
        bool init = container is not null && pod.Spec.InitContainers.Any(c => c.Name == container);
        var about = new ObjectReference
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Namespace = pod.Metadata.Namespace,
            Name = pod.Metadata.Name,
            Uid = pod.Metadata.Uid,
            ResourceVersion = pod.Metadata.ResourceVersion,
            FieldPath = container is null ? null : $"spec.{(init ? "initContainers" : "containers")}{{{container}}}",
        };
        _queue.Writer.TryWrite((about, type, reason, message.Length > 1000 ? message[..1000] + "…" : message));
    }

    private async Task WriteAsync(ObjectReference about, string type, string reason, string message, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        (string?, string?, string, string) key = (about.Uid, about.FieldPath, reason, message);
        if (_known.TryGetValue(key, out (string Namespace, string Name, int Count) known))
        {
            var patch = new JsonObject { ["count"] = known.Count + 1, ["lastTimestamp"] = now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) };
            try
            {
                _ = await client.PatchAsync(KubeTypes.Events, known.Namespace, known.Name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
                _known[key] = known with { Count = known.Count + 1 };
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                // Events expire: write it anew.
            }
        }
        Event created = await client.CreateAsync(KubeTypes.Events, new Event
        {
            Metadata = new ObjectMeta { Namespace = about.Namespace ?? "default", Name = $"{about.Name}.{Random.Shared.NextInt64():x16}" },
            InvolvedObject = about,
            Type = type,
            Reason = reason,
            Message = message,
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            Source = new EventSource { Component = "kubelet", Host = node },
            ReportingComponent = "kubelet",
            ReportingInstance = node,
        }, cancellation: cancellation).ConfigureAwait(false);
        if (_known.Count >= MaxKnown)
            _known.Clear();
        _known[key] = (created.Metadata.Namespace ?? "default", created.Metadata.Name ?? "", 1);
    }

    [LoggerMessage(1, LogLevel.Debug, "event {Reason} about {Name} lost: {Cause}")]
    private partial void LogLost(string reason, string name, string cause);
}
