using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

internal enum ResponseShape
{
    Object,
    Table,
    PartialMetadata,
}

/// <summary>What the client accepts: plain objects, the Table of <c>kubectl get</c>, or metadata only.</summary>
internal readonly record struct ResponseFormat(ResponseShape Shape, string Version)
{
    public static ResponseFormat Plain { get; } = new(ResponseShape.Object, "v1");

    /// <exception cref="ApiException">406: nothing that is acceptable can be given.</exception>
    public static ResponseFormat Of(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        if (accept.Length == 0)
        {
            return Plain;
        }
        foreach (var range in accept.Split(','))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].Trim() is not ("application/json" or "*/*" or "application/*"))
            {
                continue;
            }
            string? kind = null, version = null, group = null;
            foreach (var part in parts.AsSpan(1))
            {
                var equals = part.IndexOf('=');
                if (equals < 0)
                {
                    continue;
                }
                var value = part[(equals + 1)..];
                switch (part[..equals])
                {
                    case "as":
                        kind = value;
                        break;
                    case "v":
                        version = value;
                        break;
                    case "g":
                        group = value;
                        break;
                }
            }
            if (kind is null)
            {
                return Plain;
            }
            if (group != "meta.k8s.io" || version is not ("v1" or "v1beta1"))
            {
                continue;
            }
            switch (kind)
            {
                case "Table":
                    return new ResponseFormat(ResponseShape.Table, version);
                case "PartialObjectMetadata" or "PartialObjectMetadataList":
                    return new ResponseFormat(ResponseShape.PartialMetadata, version);
            }
        }
        throw ApiException.NotAcceptable("only the following media types are accepted: application/json");
    }
}
