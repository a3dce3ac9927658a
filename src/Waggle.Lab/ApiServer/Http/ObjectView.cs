using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>A stored object as one version of its resource shows it.</summary>
internal readonly record struct ObjectView(JsonObject Tree, byte[] Json)
{
    public static ObjectView Of(StoredObject item, ResourceDefinition resource)
    {
        if (J.Str(item.Tree, "apiVersion") == resource.ApiVersion)
        {
            return new ObjectView(item.Tree, item.Json);
        }
        var tree = VersionConversion.ToVersion((JsonObject)item.Tree.DeepClone(), resource);
        return new ObjectView(tree, JsonText.Write(tree));
    }

    /// <summary>The object without spec and status (meta.k8s.io PartialObjectMetadata).</summary>
    public static JsonObject Partial(JsonObject tree, string version) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = $"meta.k8s.io/{version}",
        ["metadata"] = J.Clone(tree["metadata"]),
    };
}
