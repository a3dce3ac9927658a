using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Kind, name, namespace and the metadata that only the server sets.</summary>
internal static class ObjectIdentity
{
    private static readonly string[] s_system = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"];

    /// <summary>Fills in apiVersion and kind, or refuses others.</summary>
    public static void CheckKind(ResourceDefinition resource, JsonObject body)
    {
        var kind = J.Str(body, "kind");
        var version = J.Str(body, "apiVersion");
        if (!string.IsNullOrEmpty(kind) && kind != resource.Kind)
        {
            throw ApiException.BadRequest($"the object provided is of kind {kind}, but {resource.Kind} is expected here");
        }
        if (!string.IsNullOrEmpty(version) && version != resource.ApiVersion)
        {
            throw ApiException.BadRequest($"the API version in the data ({version}) does not match the expected API version ({resource.ApiVersion})");
        }
        if (body["kind"] is null || body["apiVersion"] is null)
        {
            // In front, where people expect them.
            body.Remove("apiVersion");
            body.Remove("kind");
            body.Insert(0, "apiVersion", resource.ApiVersion);
            body.Insert(1, "kind", resource.Kind);
        }
    }

    public static void SetNamespace(ResourceDefinition resource, JsonObject metadata, string? @namespace)
    {
        var given = J.Str(metadata, "namespace");
        if (!resource.Namespaced)
        {
            if (!string.IsNullOrEmpty(given))
            {
                metadata.Remove("namespace");
            }
            return;
        }
        if (@namespace is null)
        {
            throw ApiException.BadRequest("an empty namespace may not be set during creation");
        }
        if (!string.IsNullOrEmpty(given) && given != @namespace)
        {
            throw ApiException.BadRequest($"the namespace of the provided object does not match the namespace sent on the request");
        }
        metadata["namespace"] = @namespace;
    }

    public static void CheckName(JsonObject metadata, string name)
    {
        var given = J.Str(metadata, "name");
        if (string.IsNullOrEmpty(given))
        {
            metadata["name"] = name;
        }
        else if (given != name)
        {
            throw ApiException.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        }
    }

    public static void StampNew(JsonObject metadata, TimeProvider time)
    {
        foreach (var name in (ReadOnlySpan<string>)["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "resourceVersion"])
        {
            metadata.Remove(name);
        }
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = J.Time(time.GetUtcNow());
    }

    /// <summary>What the client cannot change comes from the stored object.</summary>
    public static void KeepSystemFields(JsonObject metadata, JsonObject stored)
    {
        foreach (var name in s_system)
        {
            if (stored[name] is { } value)
            {
                metadata[name] = value.DeepClone();
            }
            else
            {
                metadata.Remove(name);
            }
        }
        metadata.Remove("selfLink");
    }
}
