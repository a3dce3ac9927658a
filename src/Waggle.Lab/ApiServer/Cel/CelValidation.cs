using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>x-kubernetes-validations.</summary>
internal static class CelValidation
{
    public static List<CelRule>? Read(JsonArray? source, FieldErrors errors, string path) => null;

    public static void Run(List<CelRule> rules, JsonNode node, JsonNode? previous, FieldErrors errors, string path) { }
}
