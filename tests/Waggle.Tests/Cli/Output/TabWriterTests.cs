using Waggle.Cli.Output;

namespace Waggle.Tests.Cli.Output;

public sealed class TabWriterTests
{
    [Fact]
    public void Flush_SubscriberLayout_PadsEveryCellToSixteen() => Assert.Equal(
        "Group           Subscriber      Type            \n" +
        "225.0.0.10      \n" +
        "225.0.0.21      10.0.1.77       Local Endpoint  \n" +
        "                10.0.1.200      Local Endpoint  \n",
        Format(TableLayout.Sixteen, ["Group", "Subscriber", "Type"], ["225.0.0.10"], ["225.0.0.21", "10.0.1.77", "Local Endpoint"], ["", "10.0.1.200", "Local Endpoint"]));

    [Fact]
    public void Flush_DefaultLayout_LeavesTheLastColumnBare() =>
        Assert.Equal("ID     Name\n1234   a\n5      bb\n", Format(TableLayout.Default, ["ID", "Name"], ["1234", "a"], ["5", "bb"]));

    [Fact]
    public void Flush_ALineWithoutTheCell_EndsTheColumn()
    {
        // The second column is measured for the lines above and below the interruption separately.
        Assert.Equal(
            "A    longest    x\nA    last\nA    b    x\n",
            Format(new TableLayout(0, 4), ["A", "longest", "x"], ["A", "last"], ["A", "b", "x"]));
    }

    [Fact]
    public void Flush_ColourAndWideRunes_DoNotShiftColumns() =>
        Assert.Equal("\e[31mab\e[0m   x\n¯¯   y\n🛰    z\n", Format(new TableLayout(0, 3), ["\e[31mab\e[0m", "x"], ["¯¯", "y"], ["🛰", "z"]));

    [Fact]
    public void Row_TextWithTabsAndLineBreaks_StaysOneLine() =>
        Assert.Equal("a b c   d\n", Format(TableLayout.Default, ["a\tb\nc", "d"]));

    private static string Format(TableLayout layout, params string[][] rows)
    {
        using var output = new StringWriter();
        var table = new TabWriter(output, layout);
        foreach (var row in rows)
        {
            table.Row(row);
        }

        table.Flush();
        return output.ToString();
    }
}
