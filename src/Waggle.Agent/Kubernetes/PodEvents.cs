using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Kubernetes;

/// <summary>Tells people about a pod by core/v1 Events, at most one of a kind per pod and minute.</summary>
public sealed class PodEvents(KubeSources kube, AgentArguments arguments, TimeProvider time)
{
    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Writes the event in the background; a failure is no failure of the work it is about.</summary>
    public void Warn(string @namespace, string pod, string uid, string reason, string message)
    {
        lock (_lock)
        {
            string key = $"{@namespace}/{pod}/{reason}";
            if (_last.TryGetValue(key, out long last) && time.GetElapsedTime(last) < TimeSpan.FromMinutes(1))
            {
                return;
            }

            if (_last.Count > 1024)
            {
                _last.Clear();
            }

            _last[key] = time.GetTimestamp();
        }

        DateTimeOffset now = time.GetUtcNow();
        _ = WriteAsync(new Event
        {
            Metadata = new ObjectMeta { Namespace = @namespace, GenerateName = $"{pod}." },
            InvolvedObject = new ObjectReference { ApiVersion = "v1", Kind = "Pod", Namespace = @namespace, Name = pod, Uid = uid.Length > 0 ? uid : null },
            Reason = reason, Message = message.Length > 1024 ? message[..1024] : message, Type = "Warning", Count = 1, FirstTimestamp = now, LastTimestamp = now,
            Source = new EventSource { Component = "cilium-agent", Host = arguments.NodeName }, ReportingComponent = "cilium-agent", ReportingInstance = arguments.NodeName,
        });
    }

    private async Task WriteAsync(Event value)
    {
        try
        {
            await kube.Client.CreateAsync(KubeTypes.Events, value).ConfigureAwait(false);
        }
        catch (KubeApiException)
        {
        }
    }
}
