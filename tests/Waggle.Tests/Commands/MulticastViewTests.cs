using System.Net;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Bpf.Multicast;

namespace Waggle.Tests.Commands;

/// <summary>The listings of the recorded lab, byte for byte.</summary>
public sealed class MulticastViewTests
{
    [Fact]
    public void Groups_OfTheRecordedLab_AreByteExact()
    {
        var (terminal, output) = Open();
        GroupListCommand.PrintGroups(terminal, new OutputRequest(OutputFormat.Table), [.. Groups.Select(IPAddress.Parse)]);
        Assert.Equal("Group Address\n225.0.0.10\n225.0.0.11\n225.0.0.12\n225.0.0.20\n225.0.0.21\n225.0.0.22\n225.0.0.42\n", output.ToString());
    }

    [Fact]
    public void Subscribers_NobodyListens_AreByteExact() => Assert.Equal(
        "Group           Subscriber      Type            \n" +
        "225.0.0.10      \n225.0.0.11      \n225.0.0.12      \n225.0.0.20      \n225.0.0.21      \n225.0.0.22      \n225.0.0.42      \n",
        Print("table", Rows()));

    [Fact]
    public void Subscribers_OnTheMembersNode_AreByteExact() => Assert.Equal(
        "Group           Subscriber      Type            \n" +
        "225.0.0.10      \n" +
        "225.0.0.11      10.0.1.11       Local Endpoint  \n" +
        "225.0.0.12      \n" +
        "225.0.0.20      \n" +
        "225.0.0.21      10.0.1.77       Local Endpoint  \n" +
        "                10.0.1.200      Local Endpoint  \n" +
        "                10.0.1.208      Local Endpoint  \n" +
        "225.0.0.22      \n" +
        "225.0.0.42      10.0.1.200      Local Endpoint  \n",
        Print("table", Rows(("225.0.0.11", "10.0.1.11", false), ("225.0.0.21", "10.0.1.77", false), ("225.0.0.21", "10.0.1.200", false), ("225.0.0.21", "10.0.1.208", false), ("225.0.0.42", "10.0.1.200", false))));

    [Fact]
    public void Subscribers_OnAnotherNode_AreByteExact() => Assert.Equal(
        "Group           Subscriber      Type            \n" +
        "225.0.0.10      \n" +
        "225.0.0.11      172.18.0.3      Remote Node     \n" +
        "225.0.0.12      \n225.0.0.20      \n" +
        "225.0.0.21      172.18.0.3      Remote Node     \n" +
        "225.0.0.22      \n" +
        "225.0.0.42      172.18.0.3      Remote Node     \n",
        Print("table", Rows(("225.0.0.11", "172.18.0.3", true), ("225.0.0.21", "172.18.0.3", true), ("225.0.0.42", "172.18.0.3", true))));

    [Fact]
    public void Subscribers_Json_HasTheFieldsThatScriptsRead() => Assert.Equal(
        "10.0.1.77|7|false|225.0.0.21",
        Print("jsonpath={[0].subscribers[0].SAddr}|{[0].subscribers[0].Ifindex}|{[0].subscribers[0].IsRemote}|{[0].group_address}", [Row("225.0.0.21", ("10.0.1.77", false))]));

    [Theory]
    [InlineData("225.0.0", "is not an IP address")]
    [InlineData("225.0.0.011", "is not an IP address")]
    [InlineData("10.0.0.1", "is not a multicast address")]
    [InlineData("240.0.0.1", "is not a multicast address")]
    [InlineData("fd00::1", "is not a multicast address")]
    [InlineData("224.0.0.251", "is link-local")]
    [InlineData("ff02::fb", "is link-local")]
    public void Parse_NoForwardableGroup_SaysWhy(string text, string why)
    {
        var refused = Assert.Throws<CliException>(() => MulticastAddress.Parse(text));
        Assert.Equal(ExitCode.Usage, refused.ExitCode);
        Assert.Contains(why, refused.Message);
    }

    [Theory]
    [InlineData("225.0.0.11")]
    [InlineData("239.255.255.255")]
    [InlineData("224.0.1.1")]
    [InlineData("ff15::11")]
    public void Parse_Group_IsTaken(string text) => Assert.Equal(text, MulticastAddress.Parse(text).ToString());

    private static readonly string[] Groups = ["225.0.0.10", "225.0.0.11", "225.0.0.12", "225.0.0.20", "225.0.0.21", "225.0.0.22", "225.0.0.42"];

    private static GroupMembers[] Rows(params (string Group, string Address, bool Remote)[] members) =>
        [.. Groups.Select(group => Row(group, [.. members.Where(member => member.Group == group).Select(member => (member.Address, member.Remote))]))];

    private static GroupMembers Row(string group, params (string Address, bool Remote)[] members) =>
        new(IPAddress.Parse(group), [.. members.Select(member => new Subscriber(IPAddress.Parse(member.Address), 7, member.Remote))]);

    private static string Print(string format, IReadOnlyList<GroupMembers> rows)
    {
        var (terminal, output) = Open();
        SubscriberView.Print(terminal, OutputRequest.Parse(format, false), rows);
        return output.ToString();
    }

    private static (Terminal Terminal, StringWriter Output) Open()
    {
        var output = new StringWriter { NewLine = "\n" };
        return (new Terminal(output, TextWriter.Null, false, false), output);
    }
}
