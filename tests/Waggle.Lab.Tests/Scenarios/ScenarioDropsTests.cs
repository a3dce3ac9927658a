using Waggle.Lab.Scenarios;

namespace Waggle.Lab.Tests.Scenarios;

public sealed class ScenarioDropsTests
{
    private const string Before = """
        [{"reason":"Policy denied","code":133,"direction":"egress","packets":3,"bytes":180,"file":"admit.h","line":113,"drop":true},
         {"reason":"Neighbour handled","code":249,"direction":"egress","packets":9,"bytes":378,"file":"neighbour.h","line":70,"drop":false},
         {"reason":"Success","code":0,"direction":"egress","packets":100,"bytes":6000,"file":null,"line":0,"drop":false}]
        """;

    private const string After = """
        [{"reason":"Policy denied","code":133,"direction":"egress","packets":5,"bytes":300,"file":"admit.h","line":113,"drop":true},
         {"reason":"Unroutable","code":151,"direction":"egress","packets":2,"bytes":120,"file":"forward.h","line":99,"drop":true},
         {"reason":"Neighbour handled","code":249,"direction":"egress","packets":11,"bytes":462,"file":"neighbour.h","line":70,"drop":false}]
        """;

    [Fact]
    public void Since_CountersOfTwoMoments_IsWhatWasDroppedBetween()
    {
        NodeDrops[] before = [.. ScenarioDrops.Parse("a", Before)], after = [.. ScenarioDrops.Parse("a", After), .. ScenarioDrops.Parse("b", Before)];
        Assert.Equal(
            [new("a", "Policy denied", "egress", "admit.h:113", 2), new("a", "Unroutable", "egress", "forward.h:99", 2), new("b", "Policy denied", "egress", "admit.h:113", 3)],
            ScenarioDrops.Since(before, after));
    }

    [Fact]
    public void Judge_DropThatNobodyExpects_IsAFailedCheckWithItsPlace()
    {
        var output = new StringWriter();
        var report = new ScenarioReport(output);
        ScenarioDrops.Judge(report, [.. ScenarioDrops.Parse("a", Before)], [.. ScenarioDrops.Parse("a", After), .. ScenarioDrops.Parse("b", "[]")], ["Policy denied"]);
        Assert.Equal(["a dropped only what was to be dropped (Policy denied: 2, Unroutable: 2)"], report.Failures);
        Assert.Contains("a dropped 2 packets, egress, Unroutable, at forward.h:99", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("✓ b dropped only what was to be dropped\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_NoNodeAnswered_Fails()
    {
        var report = new ScenarioReport(new StringWriter());
        ScenarioDrops.Judge(report, [], [], []);
        Assert.False(report.Succeeded);
    }
}
