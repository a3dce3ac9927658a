namespace Waggle.Cli.Output;

/// <summary>How a table is laid out; enough to match peers' output byte for byte.</summary>
/// <param name="MinWidth">The least width of a column that another follows, padding included.</param>
/// <param name="Padding">Blanks added to the widest cell.</param>
/// <param name="TrailingTab">The last column is padded too.</param>
public readonly record struct TableLayout(int MinWidth, int Padding, bool TrailingTab = false)
{
    /// <summary>The layout of most listings on a node.</summary>
    public static TableLayout Default { get; } = new(5, 3);

    /// <summary>The multicast subscriber listing: every cell sixteen wide, the last one too.</summary>
    public static TableLayout Sixteen { get; } = new(16, 0, TrailingTab: true);

    /// <summary>The one-screen status.</summary>
    public static TableLayout Status { get; } = new(0, 4);
}

/// <summary>
/// Elastic columns: a cell is text ended by a tab, and a column is a run of consecutive lines that have a cell there. The text after the
/// last tab of a line belongs to no column. Widths are counted in runes; colour escapes count nothing.
/// </summary>
public sealed class TabWriter(TextWriter output, TableLayout layout)
{
    private readonly List<string[]> _lines = [];

    /// <summary>Adds a line; cells are separated by tabs.</summary>
    public void Line(string text) => _lines.Add(text.Split('\t'));

    /// <summary>Adds a line of cells; with a trailing-tab layout the last one is padded as well.</summary>
    public void Row(IReadOnlyList<string> cells)
    {
        var line = new string[cells.Count + (layout.TrailingTab ? 1 : 0)];
        for (var i = 0; i < cells.Count; i++)
        {
            line[i] = Clean(cells[i]);
        }

        if (layout.TrailingTab)
        {
            line[^1] = "";
        }

        _lines.Add(line);
    }

    /// <summary>Writes everything added so far.</summary>
    public void Flush()
    {
        var widths = new int[_lines.Count][];
        for (var i = 0; i < _lines.Count; i++)
        {
            widths[i] = new int[_lines[i].Length];
        }

        Measure(0, _lines.Count, 0, widths);
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i];
            for (var column = 0; column < line.Length; column++)
            {
                output.Write(line[column]);
                if (column < line.Length - 1)
                {
                    Blank(widths[i][column] - Width(line[column]));
                }
            }

            output.Write('\n');
        }

        _lines.Clear();
    }

    private void Measure(int from, int to, int column, int[][] widths)
    {
        var line = from;
        while (line < to)
        {
            if (column >= _lines[line].Length - 1)
            {
                line++;
                continue;
            }

            var start = line;
            var width = layout.MinWidth;
            while (line < to && column < _lines[line].Length - 1)
            {
                width = Math.Max(width, Width(_lines[line][column]) + layout.Padding);
                line++;
            }

            for (var i = start; i < line; i++)
            {
                widths[i][column] = width;
            }

            Measure(start, line, column + 1, widths);
        }
    }

    private void Blank(int count)
    {
        for (; count > 0; count--)
        {
            output.Write(' ');
        }
    }

    // Text from outside must not break the table's shape, nor drive the terminal.
    private static string Clean(string text) => text.AsSpan().IndexOfAny("\t\r\n") < 0 ? text : text.Replace('\t', ' ').Replace('\r', ' ').Replace('\n', ' ');

    internal static int Width(string text)
    {
        var width = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\e' && i + 1 < text.Length && text[i + 1] == '[')
            {
                while (i < text.Length && text[i] != 'm')
                {
                    i++;
                }
            }
            else if (!char.IsLowSurrogate(text[i]))
            {
                width++;
            }
        }

        return width;
    }
}
