using System.Text.Json;
using Waggle.Bench;
using Waggle.Cli;

namespace Waggle.Commands.Bench;

/// <summary><c>bench [NAME…]</c>: figures as ratios to baselines of the same run.</summary>
internal static class BenchCommand
{
    /// <summary>The benchmarks there are; each one's figures go to the same report.</summary>
    private static IReadOnlyList<IBenchmark> All() => Benchmarks.All;

    public static Verb Create()
    {
        var names = Operand.Many("benchmark", "which ones; without any, they are listed; all runs every one", _ => All().Select(each => new Candidate(each.Name, each.Description)).Append(new Candidate("all", "every benchmark")));
        var rounds = new Flag<int>("--rounds", "samples of each side, in alternation") { HelpName = "N", Default = 5 };
        var duration = new Flag<string>("--duration", "length of one sample of a throughput figure") { HelpName = "TIME", Default = "2s" };
        var output = new Flag<string?>("--output", "also write benchmarks.md and benchmarks.json, with every sample, into this directory") { HelpName = "DIR" };
        return new Verb("bench", "Measure Waggle against named baselines")
        {
            Details = "Every figure is a ratio to a baseline sampled in the same run, in alternation. The table on standard output is Markdown.\nIt ends with 1 when a figure misses its goal.",
            Operands = [names],
            Flags = [rounds, duration, output],
            LongRunning = true,
            Examples = [new("waggle bench", "which benchmarks there are"), new("waggle bench all --rounds 7 --output results", "everything")],
            Run = async (call, cancellation) =>
            {
                var chosen = Choose(call.Get(names) ?? []);
                if (chosen.Count == 0)
                {
                    foreach (var each in All())
                    {
                        call.Terminal.Out.WriteLine($"{each.Name,-20}{each.Description}");
                    }

                    return ExitCode.Ok;
                }

                if (call.Get(output) is { } directory)
                {
                    Prepare(directory);
                }

                var context = new BenchmarkContext(Positive(call.Get(rounds)), Durations.Parse(call.Get(duration)!, "--duration"), call.Terminal.ErrorAtOnce, AppContext.BaseDirectory);
                return await RunAsync(call.Terminal, call.Get(output), chosen, context, cancellation).ConfigureAwait(false);
            },
        };
    }

    private static async Task<ExitCode> RunAsync(Terminal terminal, string? directory, IReadOnlyList<IBenchmark> chosen, BenchmarkContext context, CancellationToken cancellation)
    {
        var started = DateTimeOffset.UtcNow;
        var figures = new List<Comparison>();
        foreach (var benchmark in chosen)
        {
            terminal.Note($"{benchmark.Name}: {benchmark.Description}");
            figures.AddRange(await benchmark.RunAsync(context, cancellation).ConfigureAwait(false));
        }

        var report = new BenchmarkReport(figures, started, context.Rounds);
        terminal.Out.Write(report.ToMarkdown());
        if (directory is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, "benchmarks.md"), report.ToMarkdown(), cancellation).ConfigureAwait(false);
            await File.WriteAllTextAsync(Path.Combine(directory, "benchmarks.json"), report.ToJson().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n", cancellation).ConfigureAwait(false);
        }

        return figures.Any(figure => figure.Reached == false) ? ExitCode.Failed : ExitCode.Ok;
    }

    /// <summary>Before minutes of work, not after them.</summary>
    private static void Prepare(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"--output cannot be \"{directory}\": {e.Message.TrimEnd('.')}", "Name a directory, which is made if it is not there.");
        }
    }

    private static IReadOnlyList<IBenchmark> Choose(IReadOnlyList<string> names)
    {
        var all = All();
        return names is ["all"] ? all : [.. names.Select(name => all.FirstOrDefault(each => each.Name == name) ?? throw CliException.Usage(
            $"there is no benchmark \"{name}\"", Suggestions.For(name, all.Select(each => each.Name)) is [var nearest, ..] ? $"Did you mean \"{nearest}\"?" : "\"waggle bench\" lists them."))];
    }

    private static int Positive(int rounds) => rounds > 0 ? rounds : throw CliException.Usage("--rounds must be at least 1");
}
