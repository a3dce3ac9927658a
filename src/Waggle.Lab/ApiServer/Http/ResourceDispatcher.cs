using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>Chooses the handler for a request on a resource.</summary>
internal sealed class ResourceDispatcher(ApiServerRuntime runtime)
{
    private readonly ReadHandler _read = new(runtime);
    private readonly WatchHandler _watch = new(runtime);
    private readonly WriteHandler _write = new(runtime);
    private readonly DeleteHandler _delete = new(runtime);
    private readonly SubresourceHandler _subresources = new(runtime);
    private readonly ReviewHandler _reviews = new(runtime);

    public Task HandleAsync(HttpContext context, UserInfo user, RequestPath path)
    {
        if (path.Group is "authorization.k8s.io" or "authentication.k8s.io")
        {
            return _reviews.HandleAsync(context, user, path);
        }
        var resource = runtime.Surface.Find(path.Group, path.Version, path.Resource!) ?? throw ApiException.PathNotFound();
        if (path.Namespace is not null && !resource.Namespaced)
        {
            throw ApiException.PathNotFound();
        }
        if (path.Name is not null && resource.Namespaced && path.Namespace is null)
        {
            throw ApiException.PathNotFound();
        }
        var request = new ApiRequest(context, user, resource, path.Namespace, path.Name, path.Subresource, path.Rest);
        if (resource.Deprecation is { } warning)
        {
            request.Warn(warning);
        }
        if (path.Subresource is not null)
        {
            return path.Subresource == "status" && resource.HasStatus ? Status(request) : _subresources.HandleAsync(request);
        }
        return path.Name is null ? Collection(request) : One(request);
    }

    private Task Collection(ApiRequest request) => request.Http.Request.Method switch
    {
        "GET" or "HEAD" => request.Flag("watch") ? _watch.HandleAsync(request) : _read.ListAsync(request),
        "POST" => _write.CreateAsync(request),
        "DELETE" => _delete.DeleteCollectionAsync(request),
        _ => throw ApiException.MethodNotAllowed(),
    };

    private Task One(ApiRequest request) => request.Http.Request.Method switch
    {
        "GET" or "HEAD" => request.Flag("watch") ? _watch.HandleAsync(request) : _read.GetAsync(request),
        "PUT" => _write.ReplaceAsync(request),
        "PATCH" => _write.PatchAsync(request),
        "DELETE" => _delete.DeleteAsync(request),
        _ => throw ApiException.MethodNotAllowed(),
    };

    private Task Status(ApiRequest request) => request.Http.Request.Method switch
    {
        "GET" => _read.GetAsync(request),
        "PUT" => _write.ReplaceAsync(request),
        "PATCH" => _write.PatchAsync(request),
        _ => throw ApiException.MethodNotAllowed(),
    };
}
