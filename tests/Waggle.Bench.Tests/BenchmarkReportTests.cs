using System.Text.Json.Nodes;

namespace Waggle.Bench.Tests;

/// <summary>What is written down.</summary>
public sealed class BenchmarkReportTests
{
    private static readonly BenchmarkReport Report = new(
        [
            new Comparison("throughput", "bytes/s", new Measurement("Waggle", [3e9, 2e9, 2.5e9]), new Measurement("bridge", [2.0e9, 1e9, 4e9]), Goal.AtLeast(1.3)),
            new Comparison("cost", "ns", new Measurement("Waggle", [12_345.6]), new Measurement("bridge", [6_172.8]), Goal.AtMost(2)),
            new Comparison("memory", "MiB", new Measurement("agent", [1.234]), null, Goal.Stated),
            new Comparison("nothing", "s", new Measurement("agent", []), null, Goal.AtMost(1)),
        ],
        new DateTimeOffset(2026, 3, 4, 5, 6, 0, TimeSpan.Zero), 3);

    [Fact]
    public void ToMarkdown_Figures_AreRowsOfATable()
    {
        var lines = Report.ToMarkdown().Split('\n', StringSplitOptions.TrimEntries);
        Assert.EndsWith("3 rounds; medians, with minimum–maximum; 2026-03-04 05:06 UTC", lines[0]);
        Assert.Equal("", lines[1]);
        Assert.Equal("| what | unit | Waggle | baseline | ratio | goal | reached |", lines[2]);
        Assert.Equal("| throughput | bytes/s | 2.50 G (2.00 G–3.00 G) | bridge: 2.00 G (1.00 G–4.00 G) | 1.25 | ≥ 1.3 | **no** |", lines[4]);
        Assert.Equal("| cost | ns | 12.3 k (12.3 k–12.3 k) | bridge: 6172.8 (6172.8–6172.8) | 2.00 | ≤ 2 | yes |", lines[5]);
        Assert.Equal("| memory | MiB | 1.23 (1.23–1.23) | – | – | stated | – |", lines[6]);
        Assert.All(lines[2..^1], line => Assert.Equal(8, line.Count(c => c == '|')));
    }

    [Fact]
    public void ToJson_Figures_HaveEverySample()
    {
        // Through text, as a reader gets it: numbers that JSON does not have would fail here.
        var json = JsonNode.Parse(Report.ToJson().ToJsonString())!;
        Assert.Equal(3, (int)json["rounds"]!);
        Assert.Equal("2026-03-04T05:06:00.0000000+00:00", (string)json["started"]!);
        var figures = json["figures"]!.AsArray();
        Assert.Equal(4, figures.Count);
        Assert.Equal([3e9, 2e9, 2.5e9], figures[0]!["subject"]!["samples"]!.AsArray().Select(s => (double)s!));
        Assert.Equal((1.25, false, "≥ 1.3"), ((double)figures[0]!["ratio"]!, (bool)figures[0]!["reached"]!, (string)figures[0]!["goal"]!));
        Assert.Null(figures[2]!["baseline"]);
        Assert.Null(figures[2]!["reached"]);
        Assert.Null(figures[3]!["subject"]!["median"]);
        Assert.Null(figures[3]!["ratio"]);
        Assert.False((bool)figures[3]!["reached"]!);
    }
}
