using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;

namespace Waggle.Commands.Nodes;

/// <summary>Reads rows of the agent's tables.</summary>
internal static class NodeTables
{
    /// <summary>Every row of a table as JSON.</summary>
    public static async Task<IReadOnlyList<JsonObject>> ReadAsync(HostEnvironment environment, string table, CancellationToken cancellation)
    {
        using var agent = new AgentClient(environment);
        var document = await agent.GetAsync($"v1/tables/{table}", cancellation).ConfigureAwait(false) ?? throw new CliException($"the agent has no table \"{table}\"", "Is it of another version? \"cilium version\" tells.");
        return RowsOf(document);
    }

    /// <summary>The rows of an answer: a list, or the list in the field <c>rows</c> or <c>tables</c>.</summary>
    public static IReadOnlyList<JsonObject> RowsOf(JsonNode? document) => document switch
    {
        JsonArray list => Objects(list),
        JsonObject fields when (fields["rows"] ?? fields["tables"]) is JsonArray list => Objects(list),
        _ => [],
    };

    public static string? Text(this JsonObject row, string name) => row[name] is { } value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static long Number(this JsonObject row, string name) =>
        row[name] is { } value && value.GetValueKind() == JsonValueKind.Number && long.TryParse(value.ToJsonString(), out var number) ? number : 0;

    public static bool Truth(this JsonObject row, string name) => row[name]?.GetValueKind() == JsonValueKind.True;

    public static IReadOnlyList<string> Texts(this JsonObject row, string name) => row[name] is JsonArray list ? [.. list.Select(Rows.Text)] : [];

    private static List<JsonObject> Objects(JsonArray list) => [.. list.Select(item => item as JsonObject ?? new JsonObject { ["name"] = item?.DeepClone() })];
}
