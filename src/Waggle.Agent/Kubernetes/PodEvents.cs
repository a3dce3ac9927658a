using Waggle.Kube.Events;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Kubernetes;

/// <summary>Tells people about a pod by core/v1 Events.</summary>
public sealed class PodEvents(KubeSources kube, AgentArguments arguments, TimeProvider time)
{
    private readonly EventRecorder _recorder = new(kube.Client, "cilium-agent", arguments.NodeName, time);

    /// <summary>Writes the event in the background; a failure is no failure of the work it is about.</summary>
    public void Warn(string @namespace, string pod, string uid, string reason, string message) =>
        _ = _recorder.WarningAsync(new ObjectReference { ApiVersion = "v1", Kind = "Pod", Namespace = @namespace, Name = pod, Uid = uid.Length > 0 ? uid : null }, reason, message);
}
