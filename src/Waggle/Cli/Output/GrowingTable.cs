namespace Waggle.Cli.Output;

/// <summary>A table whose rows come one by one: columns are as wide as the widest cell so far.</summary>
public sealed class GrowingTable(TextWriter output, int padding = 3)
{
    private readonly List<int> _widths = [];

    public void Row(IReadOnlyList<string> cells)
    {
        for (var i = 0; i < cells.Count; i++)
        {
            if (i == _widths.Count)
            {
                _widths.Add(0);
            }

            _widths[i] = Math.Max(_widths[i], TabWriter.Width(cells[i]));
            output.Write(cells[i]);
            if (i < cells.Count - 1)
            {
                output.Write(new string(' ', _widths[i] - TabWriter.Width(cells[i]) + padding));
            }
        }

        output.Write('\n');
    }
}
