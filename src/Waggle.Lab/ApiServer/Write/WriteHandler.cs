using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>create, update and patch.</summary>
internal sealed class WriteHandler(ApiServerRuntime runtime)
{
    public async Task CreateAsync(ApiRequest request)
    {
        if (request.Resource.Namespaced && request.Namespace is null)
        {
            throw ApiException.MethodNotAllowed();
        }
        var context = WriteContext.Of(request);
        var duplicates = new List<string>();
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, duplicates);
        context.ReportFields(duplicates, []);
        var item = await runtime.Writer.CreateAsync(context, request.Namespace, body);
        await Responses.WriteObjectAsync(request, 201, item);
    }

    public async Task ReplaceAsync(ApiRequest request)
    {
        var context = WriteContext.Of(request) with { Conditional = true };
        var duplicates = new List<string>();
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, duplicates);
        context.ReportFields(duplicates, []);
        var item = await runtime.Writer.UpdateAsync(context, request.Namespace, request.Name!, _ => (JsonObject)body.DeepClone());
        await Responses.WriteObjectAsync(request, 200, item);
    }

    public async Task PatchAsync(ApiRequest request)
    {
        var type = RequestBody.MediaType(request.Http);
        var context = WriteContext.Of(request);
        var duplicates = new List<string>();
        var bytes = await RequestBody.ReadAsync(request.Http, runtime.Options.MaxRequestBytes);
        if (type is "application/apply-patch+yaml" or "application/apply-patch+cbor")
        {
            await ApplyAsync(request, context, bytes);
            return;
        }
        var patch = RequestBody.Parse(bytes, yaml: false, duplicates);
        context.ReportFields(duplicates, []);
        var version = J.Str((patch as JsonObject)?["metadata"], "resourceVersion");
        context = context with { Conditional = !string.IsNullOrEmpty(version) };
        var item = await runtime.Writer.UpdateAsync(context, request.Namespace, request.Name!, current => Patched(type, request.Resource, current, patch));
        await Responses.WriteObjectAsync(request, 200, item);
    }

    /// <summary>Applies a patch of one of the three classic kinds to a tree.</summary>
    public static JsonObject Patched(string type, ResourceDefinition resource, JsonObject current, JsonNode? patch)
    {
        JsonNode? result;
        switch (type)
        {
            case "application/json-patch+json":
                result = JsonPatch.Apply(current, patch);
                break;
            case "application/merge-patch+json":
                result = MergePatch.Apply(current, patch);
                break;
            case "application/strategic-merge-patch+json" when resource.BuiltIn:
                result = StrategicMerge.Apply(resource.Schema, current, patch as JsonObject ?? throw ApiException.BadRequest("a strategic merge patch must be an object"));
                break;
            default:
                throw ApiException.UnsupportedMediaType($"the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, {(resource.BuiltIn ? "application/strategic-merge-patch+json, " : "")}application/apply-patch+yaml");
        }
        return result as JsonObject ?? throw new ApiException(422, "Invalid", "the patched object would not be an object");
    }

    private async Task ApplyAsync(ApiRequest request, WriteContext context, byte[] bytes)
    {
        if (string.IsNullOrEmpty(request.Query("fieldManager")))
        {
            throw new ApiException(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        }
        var duplicates = new List<string>();
        var body = RequestBody.ParseObject(bytes, yaml: true, duplicates);
        context.ReportFields(duplicates, []);
        var (item, created) = await runtime.Applier.ApplyAsync(context, request.Namespace, request.Name!, body, request.Flag("force"));
        await Responses.WriteObjectAsync(request, created ? 201 : 200, item);
    }
}
