using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.DaemonSets;

/// <summary>Where a DaemonSet's pods belong, and how they look. Pure.</summary>
internal static class DaemonPods
{
    internal const string HashLabel = "controller-revision-hash";
    internal const string GenerationLabel = "pod-template-generation";

    /// <summary>Daemons stay where ordinary pods are driven away.</summary>
    private static readonly Toleration[] OwnTolerations =
    [
        new() { Key = "node.kubernetes.io/not-ready", Operator = "Exists", Effect = "NoExecute" },
        new() { Key = "node.kubernetes.io/unreachable", Operator = "Exists", Effect = "NoExecute" },
        new() { Key = "node.kubernetes.io/disk-pressure", Operator = "Exists", Effect = "NoSchedule" },
        new() { Key = "node.kubernetes.io/memory-pressure", Operator = "Exists", Effect = "NoSchedule" },
        new() { Key = "node.kubernetes.io/pid-pressure", Operator = "Exists", Effect = "NoSchedule" },
        new() { Key = "node.kubernetes.io/unschedulable", Operator = "Exists", Effect = "NoSchedule" },
    ];

    private static readonly Toleration NetworkUnavailable = new() { Key = "node.kubernetes.io/network-unavailable", Operator = "Exists", Effect = "NoSchedule" };

    /// <summary>Whether a pod should be made on the node, and whether one that is there may stay.</summary>
    internal static (bool Run, bool Stay) Belongs(PodTemplate template, Node node)
    {
        if (!template.Spec.Selects(node))
        {
            return (false, false);
        }

        var tolerations = Tolerations(template.Spec);
        return (
            NodeSelection.FirstUntolerated(node, tolerations, "NoSchedule", "NoExecute") is null,
            NodeSelection.FirstUntolerated(node, tolerations, "NoExecute") is null);
    }

    /// <summary>A pod bound to its node at birth: daemons do not wait for a scheduler, which may itself need them.</summary>
    internal static JsonObject Make(DaemonSet set, string node, string hash)
    {
        var pod = Templates.MakePod(set.Spec.Template!, set.Metadata, KubeTypes.DaemonSets.Owner(set));
        var metadata = pod["metadata"]!.AsObject();
        if (metadata["labels"] is not JsonObject labels)
        {
            metadata["labels"] = labels = [];
        }

        labels[HashLabel] = hash;
        labels[GenerationLabel] = $"{set.Metadata.Generation ?? 1}";
        var spec = pod["spec"]!.AsObject();
        spec["nodeName"] = node;
        spec["tolerations"] = new JsonArray([.. Tolerations(set.Spec.Template!.Spec).Select(ToJson)]);
        return pod;
    }

    private static List<Toleration> Tolerations(PodSpec spec)
    {
        List<Toleration> result = [.. spec.Tolerations];
        foreach (var own in spec.HostNetwork == true ? [.. OwnTolerations, NetworkUnavailable] : OwnTolerations)
        {
            // Replaces one for the same taint: a daemon has no time limit there.
            result.RemoveAll(t => t.Key == own.Key && t.Effect == own.Effect);
            result.Add(own);
        }

        return result;
    }

    private static JsonObject ToJson(Toleration toleration)
    {
        var result = new JsonObject();
        Put("key", toleration.Key);
        Put("operator", toleration.Operator);
        Put("value", toleration.Value);
        Put("effect", toleration.Effect);
        if (toleration.TolerationSeconds is { } seconds)
        {
            result["tolerationSeconds"] = seconds;
        }

        return result;

        void Put(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                result[name] = value;
            }
        }
    }
}
