using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The scale subresource: an autoscaling/v1 Scale in front of a workload's replica count.</summary>
internal sealed class ScaleHandler(ApiServerRuntime runtime)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var paths = request.Resource.Scale!;
        StoredObject item;
        switch (request.Http.Request.Method)
        {
            case "GET":
                item = runtime.Store.Snapshot(request.Resource.StoreName).Find(StoredObject.KeyOf(request.Namespace, request.Name!)) ?? throw ApiException.NotFound(request.Resource, request.Name!);
                break;
            case "PUT":
                var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, null);
                item = await UpdateAsync(request, paths, _ => body, conditional: true);
                break;
            case "PATCH":
                var type = RequestBody.MediaType(request.Http);
                var patch = RequestBody.Parse(await RequestBody.ReadAsync(request.Http, runtime.Options.MaxRequestBytes), yaml: false, null);
                var scale = runtime.Surface.Library.Type("autoscaling.Scale");
                var shape = new ResourceDefinition { Group = "autoscaling", Version = "v1", Plural = "scales", Singular = "scale", Kind = "Scale", Schema = scale, BuiltIn = true };
                item = await UpdateAsync(request, paths, current => WriteHandler.Patched(type, shape, ScaleOf(current, paths), patch), conditional: false);
                break;
            default:
                throw ApiException.MethodNotAllowed();
        }
        await Responses.WriteAsync(request.Http, 200, ScaleOf(ObjectView.Of(item, request.Resource).Tree, paths));
    }

    private Task<StoredObject> UpdateAsync(ApiRequest request, ScalePaths paths, Func<JsonObject, JsonObject> build, bool conditional)
    {
        var context = WriteContext.Of(request) with { Conditional = conditional };
        return runtime.Writer.UpdateAsync(context, request.Namespace, request.Name!, current =>
        {
            var scale = build(current);
            var node = J.At(scale, "spec", "replicas");
            var replicas = node is null ? 0 : J.Int(node) ?? throw ApiException.BadRequest($"spec.replicas must be a whole number, not {J.Show(node)}");
            if (replicas < 0)
            {
                var errors = new FieldErrors();
                errors.Invalid("spec.replicas", node, "must be greater than or equal to 0");
                throw ApiException.Invalid(request.Resource, request.Name!, errors);
            }
            var parts = paths.SpecReplicas.Split('.');
            var at = current;
            foreach (var part in parts.AsSpan(0, parts.Length - 1))
            {
                at = J.Ensure(at, part);
            }
            at[parts[^1]] = J.Num(replicas);
            if (J.Str(scale["metadata"], "resourceVersion") is { Length: > 0 } version)
            {
                ((JsonObject)current["metadata"]!)["resourceVersion"] = version;
            }
            return current;
        });
    }

    private static JsonObject ScaleOf(JsonObject item, ScalePaths paths)
    {
        var metadata = item["metadata"];
        var status = new JsonObject { ["replicas"] = J.Num(J.Int(J.At(item, paths.StatusReplicas.Split('.'))) ?? 0) };
        var selector = paths.Selector is null ? null : J.Text(J.At(item, paths.Selector.Split('.')));
        selector ??= J.At(item, "spec", "selector") is JsonObject labels ? BuiltInTables.Selector(labels) : null;
        if (selector is not null and not BuiltInTables.None)
        {
            status["selector"] = selector;
        }
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = J.Str(metadata, "name"),
                ["namespace"] = J.Str(metadata, "namespace"),
                ["uid"] = J.Str(metadata, "uid"),
                ["resourceVersion"] = J.Str(metadata, "resourceVersion"),
                ["creationTimestamp"] = J.Str(metadata, "creationTimestamp"),
            },
            ["spec"] = new JsonObject { ["replicas"] = J.Num(J.Int(J.At(item, paths.SpecReplicas.Split('.'))) ?? 0) },
            ["status"] = status,
        };
    }
}
