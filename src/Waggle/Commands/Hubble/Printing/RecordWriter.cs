using Waggle.Cli.Output;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>Records of named values as a table (all lines end up equally wide) or as one <c>KEY: value</c> per line.</summary>
internal sealed class RecordWriter(TextWriter output, EventFormat format)
{
    private readonly TabWriter? _table = format == EventFormat.Table ? new TabWriter(output, new TableLayout(2, 3)) : null;
    private bool _first = true;

    /// <summary>Prints one record; in a table the names of the first are the header.</summary>
    public void Write(IReadOnlyList<(string Name, string Value)> fields)
    {
        if (_table is not null)
        {
            if (_first)
            {
                _table.Row([.. fields.Select(field => field.Name)]);
            }

            _table.Row([.. fields.Select(field => field.Value)]);
        }
        else
        {
            Separate();
            WriteFields(output, fields);
        }

        _first = false;
    }

    /// <summary>A line between this record and the one before, if there was one.</summary>
    public void Separate()
    {
        if (!_first && _table is null)
        {
            output.Write("------------\n");
        }

        _first = false;
    }

    public static void WriteFields(TextWriter output, IReadOnlyList<(string Name, string Value)> fields)
    {
        var width = Math.Max("DESTINATION".Length, fields.Max(field => field.Name.Length));
        foreach (var (name, value) in fields)
        {
            output.Write($"{name.PadLeft(width)}: {value}\n");
        }
    }

    public void Finish() => _table?.Flush();
}
