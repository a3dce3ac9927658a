using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Subresources other than status.</summary>
internal sealed class SubresourceHandler(ApiServerRuntime runtime)
{
    private readonly ScaleHandler _scale = new(runtime);
    private readonly PodSubresources _pods = new(runtime);

    public Task HandleAsync(ApiRequest request)
    {
        var method = request.Http.Request.Method;
        return (request.Resource.QualifiedName, request.Subresource, method) switch
        {
            (_, "scale", _) when request.Resource.Scale is not null => _scale.HandleAsync(request),
            ("namespaces", "finalize", "PUT") => FinalizeAsync(request),
            ("serviceaccounts", "token", "POST") => TokenAsync(request),
            ("pods", _, _) => _pods.HandleAsync(request),
            _ => throw ApiException.PathNotFound(),
        };
    }

    private async Task FinalizeAsync(ApiRequest request)
    {
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, null);
        var context = WriteContext.Of(request) with { Conditional = true };
        var item = await runtime.Writer.UpdateAsync(context, null, request.Name!, current =>
        {
            J.Ensure(current, "spec")["finalizers"] = J.Clone(J.At(body, "spec", "finalizers")) ?? new JsonArray();
            ((JsonObject)current["metadata"]!)["resourceVersion"] = J.Str(body["metadata"], "resourceVersion");
            return current;
        });
        await Responses.WriteObjectAsync(request, 200, item);
    }

    private async Task TokenAsync(ApiRequest request)
    {
        var account = runtime.Store.Snapshot("serviceaccounts").Find(StoredObject.KeyOf(request.Namespace, request.Name!)) ?? throw ApiException.NotFound(request.Resource, request.Name!);
        var body = await RequestBody.ReadObjectAsync(request.Http, runtime.Options.MaxRequestBytes, null);
        var spec = J.Obj(body, "spec") ?? [];
        var seconds = J.Int(spec["expirationSeconds"]) ?? 3600;
        if (seconds is < 600 or > 1L << 32)
        {
            throw new ApiException(422, "Invalid", "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: must be between 600 and 4294967296 seconds");
        }
        var audiences = (J.Arr(spec, "audiences") ?? []).Select(a => J.Text(a)!).ToList();
        if (audiences.Count == 0)
        {
            audiences.Add(ServiceAccountTokens.Issuer);
        }
        var bound = J.Obj(spec, "boundObjectRef");
        if (bound is not null && J.Str(bound, "kind") == "Pod" && J.Str(bound, "name") is { } pod)
        {
            var found = runtime.Store.Snapshot("pods").Find(StoredObject.KeyOf(request.Namespace, pod));
            var uid = J.Str(found?.Tree["metadata"], "uid");
            if (found is null || (J.Str(bound, "uid") is { Length: > 0 } wanted && wanted != uid))
            {
                throw ApiException.NotFound(runtime.Surface.Find("", "v1", "pods")!, pod);
            }
            bound = new JsonObject { ["kind"] = "Pod", ["name"] = pod, ["uid"] = uid };
        }
        var (token, expires) = runtime.Tokens.Issue(account, audiences, TimeSpan.FromSeconds(seconds), bound);
        var answer = new JsonObject
        {
            ["kind"] = "TokenRequest",
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = new JsonObject { ["name"] = account.Name, ["namespace"] = account.Namespace, ["creationTimestamp"] = J.Time(runtime.Options.Time.GetUtcNow()) },
            ["spec"] = new JsonObject { ["audiences"] = J.Strings(audiences), ["expirationSeconds"] = J.Num(seconds), ["boundObjectRef"] = J.Clone(bound) },
            ["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = J.Time(expires) },
        };
        await Responses.WriteAsync(request.Http, 201, answer);
    }
}
