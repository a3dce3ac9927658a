using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Config;

namespace Waggle.Tests.Commands;

public sealed class ConfigViewCommandTests
{
    private static readonly Dictionary<string, string> Data = new() { ["multicast-enabled"] = "true", ["debug"] = "false" };

    [Fact]
    public void Print_Table_HasTheRecordedColumn() => Assert.Equal(
        "debug                                                false\nmulticast-enabled                                    true\n",
        Print("table", Data));

    [Fact]
    public void Print_LongKey_KeepsADistance() =>
        Assert.Equal(new string('k', 60) + "   v\n", Print("table", new() { [new string('k', 60)] = "v" }));

    [Theory]
    [InlineData("json", "{\n  \"debug\": \"false\",\n  \"multicast-enabled\": \"true\"\n}\n")]
    [InlineData("yaml", "debug: \"false\"\nmulticast-enabled: \"true\"\n")]
    [InlineData("name", "debug\nmulticast-enabled\n")]
    [InlineData("jsonpath={.multicast-enabled}", "true")]
    public void Print_Structured_IsExact(string format, string expected) => Assert.Equal(expected, Print(format, Data));

    private static string Print(string format, Dictionary<string, string> data)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, false, false);
        ConfigViewCommand.Print(terminal, OutputRequest.Parse(format, false), data);
        return output.ToString();
    }
}
