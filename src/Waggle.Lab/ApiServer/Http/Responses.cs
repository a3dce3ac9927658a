using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>Writes answers.</summary>
internal static class Responses
{
    public static Task WriteAsync(HttpContext context, int status, JsonNode body) => WriteAsync(context, status, JsonText.Write(body));

    public static Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> json, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = json.Length;
        context.Response.Headers.CacheControl = "no-cache, private";
        return context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }

    public static Task WriteTextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");

    public static Task WriteErrorAsync(HttpContext context, ApiException error)
    {
        if (error.RetryAfterSeconds is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        if (error.Code == 401)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }
        return WriteAsync(context, error.Code, error.ToStatus());
    }

    /// <summary>One object in the shape that was asked for.</summary>
    public static Task WriteObjectAsync(ApiRequest request, int status, StoredObject item)
    {
        var format = ResponseFormat.Of(request.Http.Request);
        var view = ObjectView.Of(item, request.Resource);
        return format.Shape switch
        {
            ResponseShape.Table => WriteAsync(request.Http, status, Tables.Render(request.Resource, [view.Tree], format.Version, request.Query("includeObject"), J.Str(J.Obj(view.Tree, "metadata"), "resourceVersion"), null, null, withColumns: true)),
            ResponseShape.PartialMetadata => WriteAsync(request.Http, status, ObjectView.Partial(view.Tree, format.Version)),
            _ => WriteAsync(request.Http, status, view.Json),
        };
    }

    /// <summary>A list of objects in the shape that was asked for.</summary>
    public static Task WriteListAsync(ApiRequest request, IReadOnlyList<StoredObject> items, long revision, string? continuation, long? remaining)
    {
        var format = ResponseFormat.Of(request.Http.Request);
        var resource = request.Resource;
        var version = revision.ToString(CultureInfo.InvariantCulture);
        if (format.Shape == ResponseShape.Table)
        {
            var table = Tables.Render(resource, [.. items.Select(i => ObjectView.Of(i, resource).Tree)], format.Version, request.Query("includeObject"), version, continuation, remaining, withColumns: true);
            return WriteAsync(request.Http, 200, table);
        }
        var partial = format.Shape == ResponseShape.PartialMetadata;
        var metadata = new JsonObject { ["resourceVersion"] = version };
        if (continuation is not null)
        {
            metadata["continue"] = continuation;
        }
        if (remaining is not null)
        {
            metadata["remainingItemCount"] = J.Num(remaining.Value);
        }
        var buffer = new ArrayBufferWriter<byte>(256 + items.Sum(i => i.Json.Length + 1));
        var kind = partial ? "PartialObjectMetadataList" : resource.ListKind;
        var apiVersion = partial ? $"meta.k8s.io/{format.Version}" : resource.ApiVersion;
        buffer.Write(Encoding.UTF8.GetBytes($$"""{"kind":"{{kind}}","apiVersion":"{{apiVersion}}","metadata":"""));
        buffer.Write(JsonText.Write(metadata));
        buffer.Write(",\"items\":["u8);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                buffer.Write(","u8);
            }
            var view = ObjectView.Of(items[i], resource);
            buffer.Write(partial ? JsonText.Write(ObjectView.Partial(view.Tree, format.Version)) : view.Json);
        }
        buffer.Write("]}"u8);
        return WriteAsync(request.Http, 200, buffer.WrittenMemory);
    }
}
