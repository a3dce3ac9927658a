using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Bench.Paired;

namespace Waggle.Bench;

/// <summary>The results of a run as a Markdown table for people and as JSON for programs; both name machine and kernel.</summary>
public sealed record BenchmarkReport(IReadOnlyList<Comparison> Comparisons, DateTimeOffset Started, int Rounds)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Machine()}; {Rounds} rounds; medians, with minimum–maximum; {Started:yyyy-MM-dd HH:mm} UTC");
        text.AppendLine();
        text.AppendLine("| what | unit | Waggle | baseline | ratio | goal | reached |");
        text.AppendLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var c in Comparisons)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {c.Title} | {c.Unit} | {Show(c.Subject)} | {(c.Baseline is null ? "–" : $"{c.Baseline.Name}: {Show(c.Baseline)}")} | {RatioOf(c)} | {c.Goal} | {c.Verdict switch { Verdict.Reached => "yes", Verdict.Missed => "**no**", Verdict.CannotTell => "cannot tell", _ => "–" }} |");
        }

        return text.ToString();
    }

    public JsonObject ToJson() => new()
    {
        ["started"] = Started.ToString("O", CultureInfo.InvariantCulture),
        ["machine"] = Machine(),
        ["rounds"] = Rounds,
        ["figures"] = new JsonArray([.. Comparisons.Select(c => (JsonNode)new JsonObject
        {
            ["title"] = c.Title,
            ["unit"] = c.Unit,
            ["subject"] = ToJson(c.Subject),
            ["baseline"] = c.Baseline is null ? null : ToJson(c.Baseline),
            ["ratio"] = double.IsFinite(c.Ratio) ? c.Ratio : null,
            ["interval"] = c.Paired is { Count: >= PairedRatio.Fewest } paired ? new JsonArray(paired.Lower, paired.Upper) : null,
            ["pairs"] = c.Paired?.Count,
            ["goal"] = c.Goal.ToString(),
            ["reached"] = c.Reached,
        })]),
    };

    /// <summary>Paired ratios with the interval in which they lie with 95 % confidence.</summary>
    private static string RatioOf(Comparison c) => c switch
    {
        { Baseline: null } => "–",
        { Paired: { Count: >= PairedRatio.Fewest } paired } => string.Create(CultureInfo.InvariantCulture, $"{paired.Median:0.000} ({paired.Lower:0.000}–{paired.Upper:0.000})"),
        _ => c.Ratio.ToString("0.00", CultureInfo.InvariantCulture),
    };

    private static JsonObject ToJson(Measurement m) => new()
    {
        ["name"] = m.Name,
        ["median"] = double.IsFinite(m.Median) ? m.Median : null,
        ["samples"] = new JsonArray([.. m.Samples.Select(s => (JsonNode)s)]),
    };

    private static string Show(Measurement m) => string.Create(CultureInfo.InvariantCulture, $"{Round(m.Median)} ({Round(m.Minimum)}–{Round(m.Maximum)})");

    private static string Round(double value) => Math.Abs(value) switch
    {
        >= 1e9 => (value / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " G",
        >= 1e6 => (value / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M",
        >= 1e4 => (value / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " k",
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    private static string Machine()
    {
        var model = "unknown CPU";
        foreach (var line in File.ReadLines("/proc/cpuinfo"))
        {
            if (line.StartsWith("model name", StringComparison.Ordinal))
            {
                model = line[(line.IndexOf(':') + 1)..].Trim();
                break;
            }
        }

        return $"{model}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}";
    }
}
