using System.Net;
using Waggle.Commands.Policy;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Policy;

public sealed class DropHistoryTests
{
    private const string Line = """
        {"flow":{"time":"2026-01-02T03:04:05Z","verdict":"DROPPED","IP":{"source":"10.0.0.5","destination":"10.0.1.6"},"l4":{"TCP":{"source_port":40000,"destination_port":80}},
        "source":{"identity":1001},"destination":{"identity":1002},"drop_reason_desc":"POLICY_DENIED","traffic_direction":"INGRESS","node_name":"kind/n2",
        "ingress_denied_by":[{"name":"web","namespace":"default","kind":"CiliumNetworkPolicy"}]}}
        """;

    private static readonly Party
        Client = new("default/client", 1001, 1, "172.18.0.2", IPAddress.Parse("10.0.0.5")) { Addresses = ["10.0.0.5", "fd00::5"] },
        Web = new("default/web", 1002, 2, "172.18.0.3", null) { Addresses = ["10.0.1.6"] },
        Other = new("default/other", 1003, 3, "172.18.0.3", null) { Addresses = ["10.0.1.7"] },
        World = new("world", 9, null, null, null);

    [Fact]
    public void IsBetween_TellsTheTwoEndsInEitherDirection()
    {
        var flow = DropHistory.Flow(Line.ReplaceLineEndings(""))!;
        Assert.True(DropHistory.IsBetween(flow, Client, Web));
        Assert.True(DropHistory.IsBetween(flow, Web, Client));
        Assert.False(DropHistory.IsBetween(flow, Client, Other));
        Assert.False(DropHistory.IsBetween(flow, Client, World));
        flow["destination"]!["identity"] = 2;
        flow["IP"]!["destination"] = "192.0.2.1";
        Assert.True(DropHistory.IsBetween(flow, Client, World));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"lost_events":{}}""")]
    public void Flow_OfOtherLines_IsNone(string line) => Assert.Null(DropHistory.Flow(line));

    [Fact]
    public void Print_SaysWhatWasDroppedAndWhatIsNotKnown()
    {
        using var output = new StringWriter();
        new DropHistory([DropHistory.Flow(Line.ReplaceLineEndings(""))!], ["n1: no flows"]).Print(output, TimeSpan.FromMinutes(5));
        Assert.Contains("in the last 5m", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("10.0.0.5:40000 -> 10.0.1.6:80 TCP  POLICY_DENIED (ingress) at kind/n2, by CiliumNetworkPolicy default/web", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("not known: n1: no flows", output.ToString(), StringComparison.Ordinal);
    }
}
