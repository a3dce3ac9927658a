using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Commands.Policy.Audit;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Policy;

public sealed class AuditReportTests
{
    private const string Answer = """
        {"node":"n1","since":"2026-01-02T03:04:05.0000000+00:00","lostEvents":2,"forgottenPairs":0,
         "policies":[{"policy":"CiliumNetworkPolicy default/web","mode":"MODE"}],"endpoints":[],
         "entries":[{"mode":"policy","would":"drop","source":"default/b\u001b[31m","destination":"default/web","direction":"ingress","protocol":6,"port":80,"count":3,
                     "firstSeen":"2026-01-02T03:05:00.0000000+00:00","lastSeen":"2026-01-02T03:06:00.0000000+00:00","example":"10.0.1.2 -> 10.0.0.3",
                     "rule":{"kind":"DefaultDeny","places":[{"policy":"CiliumNetworkPolicy default/web","pointer":"/spec"}]}},
                    {"mode":"endpoint","would":"drop","source":"world","destination":"default/web","direction":"ingress","protocol":58,"port":-1,"count":1,"rule":null}]}
        """;

    [Fact]
    public async Task Report_OfANode_SaysWhoWouldLoseWhatAndWhatIsMissing()
    {
        using var node = new FakeNode(("/v1/policy/audit?policy=default%2Fweb&kind=", Answer.Replace("MODE", "enforce", StringComparison.Ordinal)));
        var outcome = await node.RunAsync("waggle", "policy", "audit-report", "default/web");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Matches("default/b\\?\\[31m +default/web +80/TCP +drop +ingress +3 +2026-01-02 03:05:00Z +2026-01-02 03:06:00Z +default deny of CiliumNetworkPolicy default/web /spec", outcome.Output);
        Assert.Matches("world +default/web +ICMPv6 others +drop +ingress +1 +- +- +the default", outcome.Output);
        Assert.Contains("CiliumNetworkPolicy default/web is in force, not on trial", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2 events or pairs were lost", outcome.Error, StringComparison.Ordinal);
        outcome = await node.RunAsync("waggle", "policy", "audit-report", "default/web", "--pod", "default/b", "-o", "json");
        Assert.Empty(JsonNode.Parse(outcome.Output)!["entries"]!.AsArray());
    }

    [Theory]
    [InlineData("x", "--kind", "Pod")]
    [InlineData("--pod", "web")]
    public async Task Report_OfNonsense_IsWrongUsage(params string[] words) =>
        Assert.Equal(ExitCode.Usage, (await InProcess.RunAsync(["waggle", "policy", "audit-report", .. words])).Code);

    [Fact]
    public void Add_OfTwoNodes_JoinsWhatIsTheSame()
    {
        var report = new AuditReport();
        JsonObject first = JsonNode.Parse(Answer)!.AsObject(), second = JsonNode.Parse(Answer)!.AsObject();
        (second["node"], second["since"]) = ("n2", "2026-01-03T00:00:00.0000000+00:00");
        (second["entries"]![0]!["lastSeen"], second["entries"]![0]!["example"], second["entries"]![1]!["direction"]) = ("2026-01-02T09:00:00.0000000+00:00", "later", "egress");
        report.Add(first);
        report.Add(second);
        report.AddSilent("n3", "asleep");
        Assert.Equal(3, report.Entries.Count);
        JsonObject joined = report.Entries[0];
        Assert.Equal((6L, "2026-01-02T03:05:00.0000000+00:00", "later"), ((long)joined["count"]!, (string?)joined["firstSeen"], (string?)joined["example"]));
        Assert.Equal((4L, "2026-01-03T00:00:00.0000000+00:00"), (report.Lost, report.Since));
        Assert.Equal(["n1", "n2", "n3"], report.Json()["nodes"]!.AsArray().Select(n => (string?)n!["node"]));
    }
}
