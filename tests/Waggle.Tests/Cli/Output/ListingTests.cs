using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Tests.Cli.Output;

public sealed class ListingTests
{
    private static readonly Listing<(string Name, int Count)> Listing = new()
    {
        Columns = [new("NAME", row => row.Name), new("COUNT", row => $"{row.Count}"), new("TWICE", row => $"{row.Count * 2}", Wide: true)],
        Json = row => new JsonObject { ["name"] = row.Name, ["count"] = row.Count },
        WhenEmpty = "nothing there",
    };

    [Theory]
    [InlineData("table", "NAME   COUNT\na      1\nb      2\n")]
    [InlineData("wide", "NAME   COUNT   TWICE\na      1       2\nb      2       4\n")]
    [InlineData("name", "a\nb\n")]
    [InlineData("jsonl", "{\"name\":\"a\",\"count\":1}\n{\"name\":\"b\",\"count\":2}\n")]
    [InlineData("yaml", "- name: a\n  count: 1\n- name: b\n  count: 2\n")]
    [InlineData("jsonpath={[*].count}", "1 2")]
    [InlineData("json", "[\n  {\n    \"name\": \"a\",\n    \"count\": 1\n  },\n  {\n    \"name\": \"b\",\n    \"count\": 2\n  }\n]\n")]
    public void Print_EachFormat_IsExact(string format, string expected) => Assert.Equal(expected, Print(format, ("a", 1), ("b", 2)).Output);

    [Fact]
    public void Print_NoHeaders_LeavesTheRows() => Assert.Equal("a    1\n", Print("table", noHeaders: true, ("a", 1)).Output);

    [Fact]
    public void Print_NothingInATable_SaysSoBesideTheData() => Assert.Equal(("", "nothing there\n"), Print("table"));

    [Fact]
    public void Print_NothingInJson_IsAnEmptyList() => Assert.Equal(("[]\n", ""), Print("json"));

    [Fact]
    public void Print_ControlCharactersInACell_DoNotReachTheTerminal() => Assert.DoesNotContain('\e', Print("table", ("a\e[2J", 1)).Output);

    [Fact]
    public void Parse_UnknownFormat_NamesTheNearest()
    {
        var refused = Assert.Throws<CliException>(() => OutputRequest.Parse("ymal", false));
        Assert.Equal(ExitCode.Usage, refused.ExitCode);
        Assert.Contains("\"yaml\"", refused.Hint);
    }

    private static (string Output, string Error) Print(string format, params (string Name, int Count)[] rows) => Print(format, false, rows);

    private static (string Output, string Error) Print(string format, bool noHeaders, params (string Name, int Count)[] rows)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, error, false, false);
        Listing.Print(terminal, OutputRequest.Parse(format, noHeaders), rows);
        return (output.ToString(), error.ToString());
    }
}
