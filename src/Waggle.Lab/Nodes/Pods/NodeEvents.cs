using System.Threading.Channels;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Events about pods and the node, written in their order; when the API is slow, the oldest are dropped.</summary>
internal sealed class NodeEvents(KubeClient client, string node, TimeProvider time)
{
    private readonly EventRecorder _recorder = new(client, "kubelet", node, time);

    private readonly Channel<(ObjectReference About, string Type, string Reason, string Message)> _queue =
        Channel.CreateBounded<(ObjectReference, string, string, string)>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

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
                await _recorder.RecordAsync(about, type, reason, message, cancellation).ConfigureAwait(false);
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
        _queue.Writer.TryWrite((about, type, reason, message));
    }
}
