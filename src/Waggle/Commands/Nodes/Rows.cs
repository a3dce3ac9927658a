using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Nodes;

/// <summary>Rows whose fields are not known in advance: any table of the agent.</summary>
internal static class Rows
{
    /// <summary>The columns are the fields in the order in which they first appear; a <c>status</c> comes last.</summary>
    public static void Print(Terminal terminal, OutputRequest request, IReadOnlyCollection<JsonObject> rows) => ListingOf(rows).Print(terminal, request, rows);

    /// <summary>A listing with the columns of these rows.</summary>
    public static Listing<JsonObject> ListingOf(IReadOnlyCollection<JsonObject> rows)
    {
        var names = new List<string>();
        foreach (var name in rows.SelectMany(row => row.Select(field => field.Key)))
        {
            if (!names.Contains(name))
            {
                names.Add(name);
            }
        }

        names = [.. names.OrderBy(name => name is "status" or "error" ? 1 : 0)];
        return new Listing<JsonObject>
        {
            Columns = [.. names.Select(name => new Column<JsonObject>(Header(name), row => Text(row[name]) is { Length: > 0 } text ? text : "-"))],
            Json = row => row.DeepClone(),
        };
    }

    /// <summary>One cell: scalars as they are, lists with commas, objects as <c>key=value</c>.</summary>
    public static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonArray list => string.Join(",", list.Select(Text)),
        JsonObject fields => string.Join(",", fields.Select(field => $"{field.Key}={Text(field.Value)}")),
        _ when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => value.ToJsonString(),
    };

    private static string Header(string name) => string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) && char.IsLower(name[i - 1]) ? "_" + c : c.ToString())).ToUpperInvariant();
}
