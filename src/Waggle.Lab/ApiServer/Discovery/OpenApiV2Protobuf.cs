using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>OpenAPI v2 in the protobuf encoding that kubectl before 1.27 asks for.</summary>
internal static class OpenApiV2Protobuf
{
    public static byte[] Encode(JsonObject document) => throw ApiException.NotAcceptable("only application/json is available");
}
