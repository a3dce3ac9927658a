using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator;

/// <summary>Tells people about an object by a core/v1 Event.</summary>
internal static class EventWriter
{
    /// <summary>A failure to write one is no failure of the work it is about.</summary>
    public static async Task WarnAsync(OperatorContext context, ObjectReference about, string reason, string message, CancellationToken cancellation)
    {
        DateTimeOffset now = context.Time.GetUtcNow();
        string @namespace = about.Namespace is { Length: > 0 } ns ? ns : "default";
        var value = new Event
        {
            Metadata = new ObjectMeta { Namespace = @namespace, GenerateName = $"{about.Name}." },
            InvolvedObject = about,
            Reason = reason,
            Message = message.Length > 1024 ? message[..1024] : message,
            Type = "Warning",
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            Source = new EventSource { Component = "cilium-operator" },
            ReportingComponent = "cilium-operator",
        };
        try
        {
            await context.Client.CreateAsync(KubeTypes.Events, value, cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException)
        {
        }
    }
}
