using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>When a deletion that was asked for is complete.</summary>
internal static class Deletion
{
    public static bool IsComplete(ResourceDefinition resource, JsonObject tree)
    {
        if (tree["metadata"] is not JsonObject metadata || metadata["deletionTimestamp"] is null)
        {
            return false;
        }
        if (J.Arr(metadata, "finalizers") is { Count: > 0 })
        {
            return false;
        }
        if (resource is { Group: "", Plural: "namespaces" } && J.At(tree, "spec", "finalizers") is JsonArray { Count: > 0 })
        {
            return false;
        }
        // A pod in its grace period is removed by its kubelet.
        return (J.Int(metadata["deletionGracePeriodSeconds"]) ?? 0) == 0;
    }
}
