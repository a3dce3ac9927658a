using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Subresources of pods: binding, eviction, ephemeral containers, and the streams of the node runtime.</summary>
internal sealed class PodSubresources(ApiServerRuntime runtime)
{
    private readonly PodStreams _streams = new(runtime);

    public Task HandleAsync(ApiRequest request) => (request.Subresource, request.Http.Request.Method) switch
    {
        ("binding", "POST") => BindAsync(request),
        ("eviction", "POST") => EvictAsync(request),
        ("ephemeralcontainers", "GET") => Responses.WriteObjectAsync(request, 200, _streams.Pod(request)),
        ("ephemeralcontainers", "PATCH" or "PUT") => EphemeralAsync(request),
        ("log", "GET") => _streams.LogAsync(request),
        ("exec", "GET" or "POST") => _streams.ExecAsync(request),
        ("attach", "GET" or "POST") => _streams.AttachAsync(request),
        ("portforward", "GET" or "POST") => _streams.PortForwardAsync(request),
        _ => throw ApiException.PathNotFound(),
    };

    private async Task BindAsync(ApiRequest request)
    {
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, null);
        var node = J.Str(J.Obj(body, "target"), "name");
        if (string.IsNullOrEmpty(node) || J.Str(J.Obj(body, "target"), "kind") is not (null or "" or "Node"))
        {
            throw ApiException.BadRequest("a binding needs a target of kind Node with a name");
        }
        var uid = J.Str(body["metadata"], "uid");
        await runtime.Writer.UpdateAsync(WriteContext.Of(request), request.Namespace, request.Name!, pod =>
        {
            if (!string.IsNullOrEmpty(uid) && uid != J.Str(pod["metadata"], "uid"))
            {
                throw ApiException.Conflict(request.Resource, request.Name!, "the pod has another UID");
            }
            if (J.At(pod, "metadata", "deletionTimestamp") is not null)
            {
                throw ApiException.Conflict(request.Resource, request.Name!, $"pod {request.Name} is being deleted, cannot be assigned to a host");
            }
            var spec = J.Ensure(pod, "spec");
            if (J.Str(spec, "nodeName") is { Length: > 0 } other)
            {
                throw ApiException.Conflict(request.Resource, request.Name!, $"pod {request.Name} is already assigned to node \"{other}\"");
            }
            spec["nodeName"] = node;
            return pod;
        });
        // The condition is status: written as such, after the binding itself.
        await runtime.Writer.UpdateAsync(WriteContext.System(request.Resource) with { Subresource = "status" }, request.Namespace, request.Name!, pod =>
        {
            var status = J.Ensure(pod, "status");
            var conditions = new JsonArray([.. (J.Arr(status, "conditions") ?? []).Where(c => J.Str(c, "type") != "PodScheduled").Select(J.Clone)]);
            conditions.Add((JsonNode)new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = J.Time(runtime.Options.Time.GetUtcNow()) });
            status["conditions"] = conditions;
            return pod;
        });
        await Responses.WriteAsync(request.Http, 201, StatusObject.Success());
    }

    private async Task EvictAsync(ApiRequest request)
    {
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, null);
        var pod = _streams.Pod(request);
        foreach (var budget in runtime.Store.Snapshot("poddisruptionbudgets.policy").Range(request.Namespace, null))
        {
            var selector = J.At(budget.Tree, "spec", "selector") as JsonObject;
            if (selector is not null && SelectorRules.Matches(selector, J.At(pod.Tree, "metadata", "labels") as JsonObject) && J.Int(J.At(budget.Tree, "status", "disruptionsAllowed")) is 0)
            {
                throw new ApiException(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.") { RetryAfterSeconds = 10 };
            }
        }
        await runtime.Deleter.DeleteAsync(WriteContext.Of(request), request.Namespace, request.Name!, DeleteOptions.Of(J.Obj(body, "deleteOptions") ?? [], request));
        await Responses.WriteAsync(request.Http, 201, StatusObject.Success());
    }

    private async Task EphemeralAsync(ApiRequest request)
    {
        var type = RequestBody.MediaType(request.Http);
        var body = RequestBody.Parse(await RequestBody.ReadAsync(request.Http, runtime.Options.MaxRequestBytes), yaml: false, null);
        var item = await runtime.Writer.UpdateAsync(WriteContext.Of(request), request.Namespace, request.Name!, current =>
        {
            var next = request.Http.Request.Method == "PUT" ? body as JsonObject ?? [] : WriteHandler.Patched(type, request.Resource, (JsonObject)current.DeepClone(), body);
            J.Ensure(current, "spec")["ephemeralContainers"] = J.Clone(J.At(next, "spec", "ephemeralContainers"));
            return current;
        });
        await Responses.WriteObjectAsync(request, 200, item);
    }
}
