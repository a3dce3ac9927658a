using Waggle.Kube.Resources;

namespace Waggle.Agent.Identities;

/// <summary>Who a pod belongs to, from what the pod itself says. Its node writes it on the CiliumEndpoint, for the others do not see the pod.</summary>
/// <param name="Kind">As in <c>Deployment</c>.</param>
public sealed record PodWorkload(string Kind, string Name)
{
    /// <summary>Annotation of CiliumEndpoints: <c>Kind/name</c>; absent: the pod belongs to nobody.</summary>
    public const string Annotation = "waggle.io/workload";

    /// <summary>The owner of a pod; null: it belongs to nobody.</summary>
    /// <remarks>A ReplicaSet of a Deployment and a Job of a CronJob are named as those: nobody thinks of the generations between.</remarks>
    public static PodWorkload? Of(Pod pod)
    {
        if (pod.Metadata.OwnerReferences.FirstOrDefault(o => o.Controller == true) is not { } owner)
        {
            return null;
        }

        if (owner.Kind == "ReplicaSet" && pod.Metadata.Labels.TryGetValue("pod-template-hash", out string? hash) && owner.Name.EndsWith("-" + hash, StringComparison.Ordinal))
        {
            return new PodWorkload("Deployment", owner.Name[..^(hash.Length + 1)]);
        }

        // A CronJob's Jobs end in the minute they were due.
        int dash = owner.Name.LastIndexOf('-');
        return owner.Kind == "Job" && dash > 0 && owner.Name.Length - dash - 1 >= 8 && owner.Name.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? new PodWorkload("CronJob", owner.Name[..dash])
            : new PodWorkload(owner.Kind, owner.Name);
    }

    /// <summary>What a pod's node wrote; null: nothing.</summary>
    public static PodWorkload? Of(CiliumEndpoint endpoint) => Parse(endpoint.Metadata.Annotations.GetValueOrDefault(Annotation));

    /// <summary>Reads <see cref="ToString"/>; null when that is not what it is.</summary>
    public static PodWorkload? Parse(string? text)
    {
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        return slash > 0 && slash < text!.Length - 1 ? new PodWorkload(text[..slash], text[(slash + 1)..]) : null;
    }

    /// <summary><c>Kind/name</c>.</summary>
    public override string ToString() => $"{Kind}/{Name}";
}
