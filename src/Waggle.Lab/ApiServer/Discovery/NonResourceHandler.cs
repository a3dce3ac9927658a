using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>Health, version, discovery and OpenAPI.</summary>
internal sealed class NonResourceHandler(ApiServerRuntime runtime)
{
    private static readonly string[] s_roots = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];

    public Task HandleAsync(HttpContext context, string path, RequestPath? groupVersion)
    {
        if (context.Request.Method is not ("GET" or "HEAD"))
        {
            throw ApiException.MethodNotAllowed();
        }
        var trimmed = path.Length > 1 ? path.TrimEnd('/') : path;
        var surface = runtime.Surface;
        switch (trimmed)
        {
            case "/healthz" or "/livez" or "/readyz" or "/healthz/ping" or "/readyz/ping" or "/livez/ping":
                return runtime.Stopping.IsCancellationRequested ? throw ApiException.Unavailable("shutting down") : Responses.WriteTextAsync(context, 200, "ok");
            case "/version":
                return Responses.WriteAsync(context, 200, ServerVersion.Document());
            case "/":
                return Responses.WriteAsync(context, 200, new JsonObject { ["paths"] = J.Strings(s_roots) });
            case "/api":
                return Discovery(context, surface, core: true, () => DiscoveryDocuments.CoreVersions(context.Request.Host.Value ?? ""));
            case "/apis":
                return Discovery(context, surface, core: false, () => DiscoveryDocuments.GroupList(surface));
            case "/openapi/v2":
                return OpenApiV2(context, surface);
            case "/openapi/v3":
                return Cached(context, surface, "openapi3", () => OpenApiDocuments.Index(surface), "application/json");
        }
        if (trimmed.StartsWith("/openapi/v3/", StringComparison.Ordinal))
        {
            return Cached(context, surface, trimmed, () => OpenApiDocuments.V3(surface, trimmed["/openapi/v3/".Length..]) ?? throw ApiException.PathNotFound(), "application/json");
        }
        if (groupVersion is not null)
        {
            return Responses.WriteAsync(context, 200, DiscoveryDocuments.Resources(surface, groupVersion.Group, groupVersion.Version) ?? throw ApiException.PathNotFound());
        }
        if (trimmed.StartsWith("/apis/", StringComparison.Ordinal))
        {
            return Responses.WriteAsync(context, 200, DiscoveryDocuments.Group(surface, trimmed["/apis/".Length..]) ?? throw ApiException.PathNotFound());
        }
        throw ApiException.PathNotFound();
    }

    private static Task Discovery(HttpContext context, ApiSurface surface, bool core, Func<JsonObject> classic)
    {
        context.Response.Headers.Vary = "Accept";
        foreach (var range in context.Request.Headers.Accept.ToString().Split(','))
        {
            if (!range.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) || !range.Contains("application/json", StringComparison.Ordinal))
            {
                if (range.Contains("application/json", StringComparison.Ordinal))
                {
                    break;
                }
                continue;
            }
            foreach (var version in (ReadOnlySpan<string>)["v2", "v2beta1"])
            {
                if (range.Split(';', StringSplitOptions.TrimEntries).Contains($"v={version}"))
                {
                    var chosen = version;
                    return Cached(context, surface, $"discovery/{core}/{version}", () => DiscoveryDocuments.Aggregated(surface, core, chosen), $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
                }
            }
        }
        return Responses.WriteAsync(context, 200, classic());
    }

    private static Task OpenApiV2(HttpContext context, ApiSurface surface)
    {
        // Asked for with '@', answered with '.': Go's MIME parser refuses the '@' that its own clients send.
        const string protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        var accept = context.Request.Headers.Accept.ToString();
        if (accept.Contains("proto-openapi.spec.v2@v1.0+protobuf", StringComparison.Ordinal) || accept.Contains("openapi.v2+protobuf", StringComparison.Ordinal))
        {
            var bytes = surface.Documents.GetOrAdd("openapi2pb", _ => OpenApiV2Protobuf.Encode(OpenApiDocuments.V2(surface)));
            return Send(context, surface, bytes, protobuf);
        }
        return Cached(context, surface, "openapi2", () => OpenApiDocuments.V2(surface), "application/json");
    }

    private static Task Cached(HttpContext context, ApiSurface surface, string key, Func<JsonObject> make, string contentType) =>
        Send(context, surface, surface.Documents.GetOrAdd(key, _ => JsonText.Write(make())), contentType);

    private static Task Send(HttpContext context, ApiSurface surface, byte[] bytes, string contentType)
    {
        var etag = $"\"{surface.Etag}\"";
        context.Response.Headers.ETag = etag;
        if (context.Request.Headers.IfNoneMatch.ToString() == etag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return Responses.WriteAsync(context, 200, bytes, contentType);
    }
}
