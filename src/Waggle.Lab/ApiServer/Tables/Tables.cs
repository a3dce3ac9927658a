using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>A computed column: how its cell is made from an object.</summary>
internal sealed record TableColumn(string Name, string Type, string Format, int Priority, string Description, Func<JsonObject, TableClock, JsonNode?> Cell);

/// <summary>The time cells are computed for.</summary>
internal sealed record TableClock(DateTimeOffset Now)
{
    /// <summary>The age of a time as kubectl shows it; <c>&lt;unknown&gt;</c> without one.</summary>
    public string Age(JsonNode? time) => J.ParseTime(J.Text(time)) is { } since ? HumanDuration.Of(Now - since) : "<unknown>";
}

/// <summary>Renders meta.k8s.io Tables, the form in which <c>kubectl get</c> receives lists.</summary>
internal static class Tables
{
    public static JsonObject Render(ResourceDefinition resource, IReadOnlyList<JsonObject> items, string version, string? include, string? revision, string? continuation, long? remaining, bool withColumns)
    {
        var columns = ColumnsOf(resource);
        var clock = new TableClock(DateTimeOffset.UtcNow);
        var metadata = new JsonObject();
        if (revision is not null)
        {
            metadata["resourceVersion"] = revision;
        }
        if (continuation is not null)
        {
            metadata["continue"] = continuation;
        }
        if (remaining is not null)
        {
            metadata["remainingItemCount"] = J.Num(remaining.Value);
        }
        var rows = new JsonArray();
        foreach (var item in items)
        {
            rows.Add((JsonNode)Row(columns, item, clock, include, version));
        }
        var definitions = new JsonArray();
        if (withColumns)
        {
            foreach (var column in columns)
            {
                definitions.Add((JsonNode)new JsonObject
                {
                    ["name"] = column.Name,
                    ["type"] = column.Type,
                    ["format"] = column.Format,
                    ["description"] = column.Description,
                    ["priority"] = J.Num(column.Priority),
                });
            }
        }
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = $"meta.k8s.io/{version}",
            ["metadata"] = metadata,
            ["columnDefinitions"] = definitions,
            ["rows"] = rows,
        };
    }

    private static JsonObject Row(IReadOnlyList<TableColumn> columns, JsonObject item, TableClock clock, string? include, string version)
    {
        var cells = new JsonArray();
        foreach (var column in columns)
        {
            cells.Add(column.Cell(item, clock));
        }
        var row = new JsonObject { ["cells"] = cells };
        switch (include)
        {
            case "None":
                break;
            case "Object":
                row["object"] = item.DeepClone();
                break;
            default:
                row["object"] = ObjectView.Partial(item, version);
                break;
        }
        return row;
    }

    private static IReadOnlyList<TableColumn> ColumnsOf(ResourceDefinition resource)
    {
        if (resource.BuiltIn && BuiltInTables.Find(resource) is { } computed)
        {
            return computed;
        }
        return resource.PathColumns ??= FromPaths(resource);
    }

    private static List<TableColumn> FromPaths(ResourceDefinition resource)
    {
        var columns = new List<TableColumn> { NameColumn };
        foreach (var column in resource.Columns)
        {
            JsonPath.TryParse(column.Path, out var path);
            columns.Add(new TableColumn(column.Name, column.Type, column.Format, column.Priority, column.Description, (item, clock) => Cell(column, path, item, clock)));
        }
        if (resource.Columns.Count == 0)
        {
            columns.Add(AgeColumn);
        }
        return columns;
    }

    public static TableColumn NameColumn { get; } = new("Name", "string", "name", 0, "Name of the object.", (item, _) => J.Str(item["metadata"], "name"));

    public static TableColumn AgeColumn { get; } = new("Age", "string", "", 0, "Time since creation.", (item, clock) => clock.Age(J.At(item, "metadata", "creationTimestamp")));

    private static JsonNode? Cell(PrinterColumn column, JsonPath path, JsonObject item, TableClock clock)
    {
        var found = path.Find(item).ToList();
        if (found.Count == 0 || found[0] is null)
        {
            return null;
        }
        switch (column.Type)
        {
            case "date":
                return clock.Age(found[0]);
            case "integer" or "number" or "boolean" when found.Count == 1:
                return found[0]!.DeepClone();
            default:
                // Several results are joined, a list is shown as JSON, as kubectl's server-side printer does.
                return found.Count == 1 ? J.Show(found[0]) : string.Join(",", found.Select(J.Show));
        }
    }
}
