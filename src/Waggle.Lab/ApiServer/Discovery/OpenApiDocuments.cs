using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>OpenAPI v3 for each group version, and v2 for everything, with the operations that clients look for.</summary>
internal static class OpenApiDocuments
{
    public static JsonObject Index(ApiSurface surface)
    {
        var paths = new JsonObject();
        foreach (var version in surface.Groups.SelectMany(g => g.Versions))
        {
            var path = PathOf(version);
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={surface.Etag[..32].ToUpperInvariant()}" };
        }
        return new JsonObject { ["paths"] = paths };
    }

    public static JsonObject? V3(ApiSurface surface, string path)
    {
        var version = surface.Groups.SelectMany(g => g.Versions).FirstOrDefault(v => PathOf(v) == path);
        if (version is null)
        {
            return null;
        }
        var schemas = new OpenApiSchemas(v3: true);
        var paths = new JsonObject();
        foreach (var resource in version.Resources)
        {
            schemas.Add(resource);
            AddPaths(paths, resource, v3: true);
        }
        AddMeta(surface, schemas);
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerVersion.GitVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Finish() },
        };
    }

    public static JsonObject V2(ApiSurface surface)
    {
        var schemas = new OpenApiSchemas(v3: false);
        var paths = new JsonObject();
        foreach (var resource in surface.Resources)
        {
            schemas.Add(resource);
            AddPaths(paths, resource, v3: false);
        }
        AddMeta(surface, schemas);
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerVersion.GitVersion },
            ["paths"] = paths,
            ["definitions"] = schemas.Finish(),
        };
    }

    private static void AddMeta(ApiSurface surface, OpenApiSchemas schemas)
    {
        foreach (var name in (ReadOnlySpan<string>)["ListMeta", "DeleteOptions", "Status"])
        {
            schemas.Add(surface.Library.Type($"meta.{name}"));
        }
    }

    private static string PathOf(ApiGroupVersion version) => version.Group.Length == 0 ? $"api/{version.Version}" : $"apis/{version.Group}/{version.Version}";

    private static void AddPaths(JsonObject paths, ResourceDefinition resource, bool v3)
    {
        var root = resource.Group.Length == 0 ? $"/api/{resource.Version}" : $"/apis/{resource.Group}/{resource.Version}";
        var collection = resource.Namespaced ? $"{root}/namespaces/{{namespace}}/{resource.Plural}" : $"{root}/{resource.Plural}";
        paths[collection] = new JsonObject { ["get"] = Operation(resource, "list", v3), ["post"] = Operation(resource, "post", v3), ["delete"] = Operation(resource, "deletecollection", v3) };
        paths[$"{collection}/{{name}}"] = new JsonObject { ["get"] = Operation(resource, "get", v3), ["put"] = Operation(resource, "put", v3), ["patch"] = Operation(resource, "patch", v3), ["delete"] = Operation(resource, "delete", v3) };
    }

    private static JsonObject Operation(ResourceDefinition resource, string action, bool v3)
    {
        var parameters = new JsonArray();
        void Query(string name)
        {
            var parameter = new JsonObject { ["name"] = name, ["in"] = "query", ["description"] = name, ["uniqueItems"] = true };
            if (v3)
            {
                parameter.Remove("uniqueItems");
                parameter["schema"] = new JsonObject { ["type"] = "string" };
            }
            else
            {
                parameter["type"] = "string";
            }
            parameters.Add((JsonNode)parameter);
        }
        if (action is "post" or "put" or "patch")
        {
            Query("dryRun");
            Query("fieldManager");
            Query("fieldValidation");
        }
        if (action == "patch")
        {
            Query("force");
        }
        if (action is "delete" or "deletecollection")
        {
            Query("dryRun");
            Query("gracePeriodSeconds");
            Query("propagationPolicy");
        }
        return new JsonObject
        {
            ["operationId"] = $"{action}{resource.Group.Replace(".", "", StringComparison.Ordinal)}{resource.Version}{resource.Kind}",
            ["parameters"] = parameters,
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(resource),
        };
    }
}
