using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>Reads request bodies, within the limit.</summary>
internal static class RequestBody
{
    public static async Task<byte[]> ReadAsync(HttpContext context, int limit)
    {
        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }
        var buffer = new ArrayBufferWriter<byte>((int)(context.Request.ContentLength ?? 4096) + 1);
        try
        {
            while (true)
            {
                var read = await context.Request.Body.ReadAsync(buffer.GetMemory(1024), context.RequestAborted);
                if (read == 0)
                {
                    return buffer.WrittenSpan.ToArray();
                }
                buffer.Advance(read);
                if (buffer.WrittenCount > limit)
                {
                    throw TooLarge(limit);
                }
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge(limit);
        }
    }

    /// <summary>The media type without parameters, in lower case; JSON when none is given.</summary>
    public static string MediaType(HttpContext context)
    {
        var type = context.Request.ContentType ?? "application/json";
        var end = type.IndexOf(';');
        return (end >= 0 ? type[..end] : type).Trim().ToLowerInvariant();
    }

    /// <summary>An object sent as JSON or YAML.</summary>
    public static async Task<JsonObject> ReadObjectAsync(HttpContext context, int limit, List<string>? duplicates)
    {
        var type = MediaType(context);
        var body = await ReadAsync(context, limit);
        return type switch
        {
            "application/json" or "text/plain" or "" => ParseObject(body, yaml: false, duplicates),
            "application/yaml" => ParseObject(body, yaml: true, duplicates),
            _ => throw ApiException.UnsupportedMediaType($"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml; not {type}"),
        };
    }

    /// <exception cref="ApiException">400: it cannot be read.</exception>
    public static JsonObject ParseObject(byte[] body, bool yaml, List<string>? duplicates)
    {
        if (body.Length == 0)
        {
            throw ApiException.BadRequest("the body of the request is empty");
        }
        return Parse(body, yaml, duplicates) as JsonObject ?? throw ApiException.BadRequest("the body of the request is not an object");
    }

    public static JsonNode? Parse(byte[] body, bool yaml, List<string>? duplicates)
    {
        try
        {
            // YAML contains JSON, and most "YAML" that programs send is JSON: the faster reader takes it.
            return yaml && body.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8) is false
                ? YamlTree.Parse(Encoding.UTF8.GetString(body), duplicates)
                : JsonText.Parse(body, duplicates);
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"the body of the request cannot be read: {e.Message}");
        }
    }

    private static ApiException TooLarge(int limit) => ApiException.TooLarge($"Request entity too large: limit is {limit}");
}
