using System.Text.RegularExpressions;
using Waggle.Cli;
using Waggle.Commands.Explain;
using Waggle.Tests.Repository;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

public sealed partial class DropReasonsTests
{
    [Fact]
    public void All_MatchesTheDatapathsList()
    {
        var header = File.ReadAllText(Path.Combine(SourceTree.Root, "bpf/abi/drop_reason.h"));
        var wanted = Constant().Matches(header).Select(match => (int.Parse(match.Groups["code"].Value), match.Groups["name"].Value)).Where(reason => reason.Item1 != 0);
        Assert.Equal(wanted, DropReasons.All.Select(reason => (reason.Code, reason.Name)));
    }

    [Fact]
    public void All_HandledReasons_AreThoseTheDatapathCallsHandled()
    {
        var header = File.ReadAllText(Path.Combine(SourceTree.Root, "bpf/abi/drop_reason.h"));
        var wanted = Constant().Matches(header).Where(match => match.Groups["rest"].Value.Contains("handled:")).Select(match => match.Groups["name"].Value);
        Assert.Equal(wanted, DropReasons.All.Where(reason => reason.Handled).Select(reason => reason.Name));
    }

    [Theory]
    [InlineData("231")]
    [InlineData("multicast_unconfigured")]
    [InlineData("Multicast unconfigured")]
    public async Task ExplainDrop_NumberNameOrText_FindsIt(string code)
    {
        var outcome = await InProcess.RunAsync("waggle", "explain", "drop", code);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.StartsWith("231 MULTICAST_UNCONFIGURED\n", outcome.Output);
        Assert.Contains("Next: cilium bpf multicast group list --unconfigured", outcome.Output);
        Assert.Equal(outcome, await InProcess.RunAsync("waggle", "explain-drop", code));
    }

    [Fact]
    public async Task ExplainDrop_Unknown_NamesTheNearest()
    {
        var outcome = await InProcess.RunAsync("waggle", "explain", "drop", "INVALID_SOURCE_IPP");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("\"INVALID_SOURCE_IP\"", outcome.Error);
    }

    [GeneratedRegex(@"DROP_REASON_(?<name>[A-Z0-9_]+)\s*=\s*(?<code>\d+),(?<rest>.*)")]
    private static partial Regex Constant();
}
