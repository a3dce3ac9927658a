using Waggle.Hubble.Flows;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Hubble;

/// <summary>Who a pod belongs to, from what the pod itself says.</summary>
internal static class Workloads
{
    /// <summary>A ReplicaSet of a Deployment and a Job of a CronJob are named as those: nobody thinks of the generations between.</summary>
    public static IReadOnlyList<WorkloadInfo> Of(Pod? pod)
    {
        if (pod?.Metadata.OwnerReferences.FirstOrDefault(o => o.Controller == true) is not { } owner)
        {
            return [];
        }

        if (owner.Kind == "ReplicaSet" && pod.Metadata.Labels.TryGetValue("pod-template-hash", out string? hash) && owner.Name.EndsWith("-" + hash, StringComparison.Ordinal))
        {
            return [new WorkloadInfo(owner.Name[..^(hash.Length + 1)], "Deployment")];
        }

        // A CronJob's Jobs end in the minute they were due.
        int dash = owner.Name.LastIndexOf('-');
        return owner.Kind == "Job" && dash > 0 && owner.Name.Length - dash - 1 >= 8 && owner.Name.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? [new WorkloadInfo(owner.Name[..dash], "CronJob")]
            : [new WorkloadInfo(owner.Name, owner.Kind)];
    }
}
