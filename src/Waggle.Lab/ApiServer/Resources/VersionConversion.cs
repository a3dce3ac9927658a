using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Converts between the stored form of an object and the versions it is served in.</summary>
/// <remarks>Versions of a CRD differ in schema only (conversion strategy None). Events are stored as v1 and also served as events.k8s.io/v1.</remarks>
internal static class VersionConversion
{
    private static readonly (string Stored, string Served)[] s_eventFields =
    [
        ("involvedObject", "regarding"),
        ("message", "note"),
        ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"),
        ("reportingComponent", "reportingController"),
    ];

    /// <summary>Changes a stored tree in place into the form of <paramref name="resource"/>.</summary>
    public static JsonObject ToVersion(JsonObject tree, ResourceDefinition resource)
    {
        if (IsNewEvent(resource))
        {
            Rename(tree, s_eventFields.Select(f => (f.Stored, f.Served)));
        }
        tree["apiVersion"] = resource.ApiVersion;
        if (!resource.BuiltIn)
        {
            SchemaShaper.Prune(resource.Schema, tree, null);
            SchemaShaper.Default(resource.Schema, tree);
        }
        return tree;
    }

    /// <summary>Changes a tree in place from the form of <paramref name="resource"/> into the stored form.</summary>
    public static JsonObject ToStored(JsonObject tree, ResourceDefinition resource)
    {
        if (IsNewEvent(resource))
        {
            Rename(tree, s_eventFields.Select(f => (f.Served, f.Stored)));
            tree["apiVersion"] = "v1";
        }
        else if (resource.StorageApiVersion is { } stored)
        {
            tree["apiVersion"] = stored;
        }
        return tree;
    }

    private static bool IsNewEvent(ResourceDefinition resource) => resource is { Group: "events.k8s.io", Plural: "events" };

    private static void Rename(JsonObject tree, IEnumerable<(string From, string To)> fields)
    {
        foreach (var (from, to) in fields)
        {
            if (tree.TryGetPropertyValue(from, out var value))
            {
                tree.Remove(from);
                tree[to] = value;
            }
        }
    }
}
