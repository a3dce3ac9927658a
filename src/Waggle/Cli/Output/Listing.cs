using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <param name="Header">As printed.</param>
/// <param name="Wide">Only with <c>-o wide</c>.</param>
public sealed record Column<T>(string Header, Func<T, string> Cell, bool Wide = false);

/// <summary>How one kind of row is printed in every format.</summary>
public sealed class Listing<T>
{
    public required IReadOnlyList<Column<T>> Columns { get; init; }

    /// <summary>The row as JSON; field names are a promise to scripts.</summary>
    public required Func<T, JsonNode> Json { get; init; }

    /// <summary>What <c>-o name</c> prints; the first column when null.</summary>
    public Func<T, string>? Name { get; init; }

    public TableLayout Layout { get; init; } = TableLayout.Default;

    /// <summary>Said on standard error instead of an empty table; null prints the header alone.</summary>
    public string? WhenEmpty { get; init; }

    /// <summary>The header cells of the table formats.</summary>
    public IReadOnlyList<string> Headers(OutputRequest request) => [.. Shown(request).Select(column => column.Header)];

    /// <summary>One row's cells for the table formats.</summary>
    public IReadOnlyList<string> Cells(OutputRequest request, T row) => [.. Shown(request).Select(column => Safe(column.Cell(row)))];

    public void Print(Terminal terminal, OutputRequest request, IReadOnlyCollection<T> rows)
    {
        switch (request.Format)
        {
            case OutputFormat.Table or OutputFormat.Wide:
                PrintTable(terminal, request, rows);
                break;
            case OutputFormat.Name:
                foreach (var row in rows)
                {
                    terminal.Out.Write((Name ?? Columns[0].Cell)(row) + "\n");
                }

                break;
            case OutputFormat.JsonLines:
                foreach (var row in rows)
                {
                    Documents.WriteLine(terminal.Out, Json(row));
                }

                break;
            default:
                var list = new JsonArray();
                foreach (var row in rows)
                {
                    list.Add(Json(row));
                }

                Documents.Write(terminal.Out, request, list);
                break;
        }
    }

    private void PrintTable(Terminal terminal, OutputRequest request, IReadOnlyCollection<T> rows)
    {
        if (rows.Count == 0 && WhenEmpty is not null)
        {
            terminal.Note(WhenEmpty);
            return;
        }

        var table = new TabWriter(terminal.Out, Layout);
        if (!request.NoHeaders)
        {
            table.Row(Headers(request));
        }

        foreach (var row in rows)
        {
            table.Row(Cells(request, row));
        }

        table.Flush();
    }

    private IEnumerable<Column<T>> Shown(OutputRequest request) => Columns.Where(column => !column.Wide || request.Format == OutputFormat.Wide);

    // Names and labels come from users of the cluster: control characters must not reach the terminal.
    private static string Safe(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return string.Concat(text.Select(each => char.IsControl(each) ? '?' : each));
            }
        }

        return text;
    }
}
