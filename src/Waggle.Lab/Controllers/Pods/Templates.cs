using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Pod templates: comparing, hashing, and making pods from them.</summary>
internal static class Templates
{
    internal const string HashLabel = "pod-template-hash";

    /// <summary>Letters and digits that make no words and are not mistaken for each other.</summary>
    private const string SafeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A template in a form in which equal means equal: sorted, without nulls and without the hash label.</summary>
    internal static JsonObject Canonical(PodTemplate? template)
    {
        var result = template is null ? [] : Sorted(JsonNode.Parse(template.Json.GetRawText())) as JsonObject ?? [];
        if (result["metadata"] is JsonObject metadata)
        {
            metadata.Remove("creationTimestamp");
            if (metadata["labels"] is JsonObject labels)
            {
                labels.Remove(HashLabel);
                RemoveIfEmpty(metadata, "labels");
            }

            RemoveIfEmpty(result, "metadata");
        }

        return result;
    }

    internal static bool AreEqual(PodTemplate? a, PodTemplate? b) => JsonNode.DeepEquals(Canonical(a), Canonical(b));

    /// <summary>A short text for the template, in the alphabet of generated names; another one for each collision count.</summary>
    internal static string Hash(PodTemplate? template, int collisions)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(Canonical(template).ToJsonString()))
        {
            hash = (hash ^ b) * 16777619u;
        }

        for (var i = 0; collisions > 0 && i < 4; i++)
        {
            hash = (hash ^ (byte)(collisions >> (8 * i))) * 16777619u;
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(c => SafeAlphabet[c % SafeAlphabet.Length]));
    }

    /// <summary>A pod as the template says, owned by its maker. The server makes the name.</summary>
    internal static JsonObject MakePod(PodTemplate template, ObjectMeta owner, OwnerReference reference)
    {
        var source = JsonNode.Parse(template.Json.GetRawText())!.AsObject();
        var metadata = new JsonObject { ["generateName"] = $"{owner.Name}-", ["namespace"] = owner.Namespace };
        foreach (var part in new[] { "labels", "annotations", "finalizers" })
        {
            if (source["metadata"]?[part] is { } value)
            {
                metadata[part] = value.DeepClone();
            }
        }

        metadata["ownerReferences"] = new JsonArray(ToJson(reference));
        return new() { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = metadata, ["spec"] = source["spec"]?.DeepClone() ?? new JsonObject() };
    }

    internal static JsonObject ToJson(OwnerReference reference)
    {
        var result = new JsonObject { ["apiVersion"] = reference.ApiVersion, ["kind"] = reference.Kind, ["name"] = reference.Name, ["uid"] = reference.Uid };
        if (reference.Controller is { } controller)
        {
            result["controller"] = controller;
        }

        if (reference.BlockOwnerDeletion is { } block)
        {
            result["blockOwnerDeletion"] = block;
        }

        return result;
    }

    /// <summary>The template with one more label.</summary>
    internal static JsonObject WithLabel(PodTemplate template, string key, string value)
    {
        var result = JsonNode.Parse(template.Json.GetRawText())!.AsObject();
        var metadata = result["metadata"] as JsonObject;
        if (metadata is null)
        {
            result["metadata"] = metadata = [];
        }

        if (metadata["labels"] is not JsonObject labels)
        {
            metadata["labels"] = labels = [];
        }

        labels[key] = value;
        return result;
    }

    internal static PodTemplate ToTemplate(JsonObject json) => new(JsonSerializer.SerializeToElement(json, Kube.Json.KubeJson.TypeInfo<JsonObject>()));

    private static void RemoveIfEmpty(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject { Count: 0 })
        {
            parent.Remove(name);
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.Where(p => p.Value is not null).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
