using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>What a delete request asks for.</summary>
internal sealed record DeleteOptions(long? GracePeriodSeconds, string? PropagationPolicy, string? Uid, string? ResourceVersion, bool DryRun)
{
    private static readonly string[] s_policies = ["Orphan", "Background", "Foreground"];

    public static async Task<DeleteOptions> ReadAsync(ApiRequest request, int limit)
    {
        JsonObject body = [];
        if (request.Http.Request.ContentLength is not (null or 0) || request.Http.Request.Headers.TransferEncoding.Count > 0)
        {
            var bytes = await RequestBody.ReadAsync(request.Http, limit);
            if (bytes.Length > 0)
            {
                var type = RequestBody.MediaType(request.Http);
                body = type is "application/json" or "application/yaml" or "" ? RequestBody.ParseObject(bytes, type == "application/yaml", null)
                    : throw ApiException.UnsupportedMediaType($"the body of the request was in an unknown format: {type}");
            }
        }
        return Of(body, request);
    }

    public static DeleteOptions Of(JsonObject body, ApiRequest request)
    {
        var grace = J.Int(body["gracePeriodSeconds"]) ?? request.QueryInt("gracePeriodSeconds");
        if (grace < 0)
        {
            throw ApiException.BadRequest("gracePeriodSeconds: Invalid value: must be greater than or equal to 0");
        }
        var policy = J.Str(body, "propagationPolicy") ?? request.Query("propagationPolicy");
        if (policy is not null && !s_policies.Contains(policy))
        {
            throw ApiException.BadRequest($"propagationPolicy: Unsupported value: \"{policy}\": supported values: \"Foreground\", \"Background\", \"Orphan\"");
        }
        if (policy is null && J.Bool(body["orphanDependents"]) is { } orphan)
        {
            policy = orphan ? "Orphan" : "Background";
        }
        var preconditions = J.Obj(body, "preconditions");
        return new DeleteOptions(grace, policy, J.Str(preconditions, "uid"), J.Str(preconditions, "resourceVersion"), request.DryRun || J.Arr(body, "dryRun") is { Count: > 0 });
    }
}

/// <summary>delete and deletecollection.</summary>
internal sealed class DeleteHandler(ApiServerRuntime runtime)
{
    public async Task DeleteAsync(ApiRequest request)
    {
        var options = await DeleteOptions.ReadAsync(request, runtime.Options.MaxRequestBytes);
        var (item, gone) = await runtime.Deleter.DeleteAsync(WriteContext.Of(request), request.Namespace, request.Name!, options);
        if (!gone || request.Resource is { Group: "", Plural: "pods" })
        {
            await Responses.WriteObjectAsync(request, 200, item);
            return;
        }
        var details = new JsonObject { ["name"] = item.Name };
        if (request.Resource.Group.Length > 0)
        {
            details["group"] = request.Resource.Group;
        }
        details["kind"] = request.Resource.Plural;
        details["uid"] = J.Str(item.Tree["metadata"], "uid");
        await Responses.WriteAsync(request.Http, 200, StatusObject.Success(details));
    }

    public async Task DeleteCollectionAsync(ApiRequest request)
    {
        var options = await DeleteOptions.ReadAsync(request, runtime.Options.MaxRequestBytes);
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Query("fieldSelector"), request.Resource);
        var context = WriteContext.Of(request);
        var snapshot = runtime.Store.Snapshot(request.Resource.StoreName);
        var work = new List<Task<StoredObject?>>();
        foreach (var item in snapshot.Range(request.Namespace, null))
        {
            if (labels.Matches(item.Labels) && fields.Matches(item))
            {
                work.Add(DeleteOneAsync(context, item, options));
            }
        }
        var deleted = (await Task.WhenAll(work)).OfType<StoredObject>().ToList();
        await Responses.WriteListAsync(request, deleted, runtime.Store.Revision, null, null);
    }

    private async Task<StoredObject?> DeleteOneAsync(WriteContext context, StoredObject item, DeleteOptions options)
    {
        try
        {
            return (await runtime.Deleter.DeleteAsync(context, item.Namespace.Length == 0 ? null : item.Namespace, item.Name, options)).Item;
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return null;
        }
    }
}
