using Waggle.Bench;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Bench;

/// <summary><c>bench [NAME…]</c>: figures as ratios to baselines of the same run.</summary>
internal static class BenchCommand
{
    /// <summary>The benchmarks there are; each one's figures go to the same report.</summary>
    private static IReadOnlyList<IBenchmark> All() => [];

    public static Verb Create()
    {
        var output = new OutputFlags();
        var names = Operand.Many("benchmark", "which ones; without any, they are listed; all runs every one", _ => All().Select(each => new Candidate(each.Name, each.Description)).Append(new Candidate("all", "every benchmark")));
        var rounds = new Flag<int>("--rounds", "samples of each side, in alternation") { HelpName = "N", Default = 5 };
        var duration = new Flag<string>("--duration", "length of one sample of a throughput figure") { HelpName = "TIME", Default = "2s" };
        return new Verb("bench", "Measure Waggle against named baselines")
        {
            Details = "Every figure is a ratio to a baseline sampled in the same run, in alternation. The table is Markdown; -o json gives the samples, too.\nIt ends with 1 when a figure misses its goal.",
            Operands = [names],
            Flags = [rounds, duration, .. output.All],
            LongRunning = true,
            Examples = [new("waggle bench", "which benchmarks there are"), new("waggle bench all > docs/benchmarks.md", "everything")],
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

                var context = new BenchmarkContext(Positive(call.Get(rounds)), Durations.Parse(call.Get(duration)!, "--duration"), call.Terminal.ErrorAtOnce, AppContext.BaseDirectory);
                return await RunAsync(call.Terminal, output.Read(call), chosen, context, cancellation).ConfigureAwait(false);
            },
        };
    }

    private static async Task<ExitCode> RunAsync(Terminal terminal, OutputRequest request, IReadOnlyList<IBenchmark> chosen, BenchmarkContext context, CancellationToken cancellation)
    {
        var started = DateTimeOffset.UtcNow;
        var figures = new List<Comparison>();
        foreach (var benchmark in chosen)
        {
            terminal.Note($"{benchmark.Name}: {benchmark.Description}");
            figures.AddRange(await benchmark.RunAsync(context, cancellation).ConfigureAwait(false));
        }

        var report = new BenchmarkReport(figures, started, context.Rounds);
        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, report.ToJson());
        }
        else
        {
            terminal.Out.Write(report.ToMarkdown());
        }

        return figures.Any(figure => figure.Reached == false) ? ExitCode.Failed : ExitCode.Ok;
    }

    private static IReadOnlyList<IBenchmark> Choose(IReadOnlyList<string> names)
    {
        var all = All();
        return names is ["all"] ? all : [.. names.Select(name => all.FirstOrDefault(each => each.Name == name) ?? throw CliException.Usage(
            $"there is no benchmark \"{name}\"", Suggestions.For(name, all.Select(each => each.Name)) is [var nearest, ..] ? $"Did you mean \"{nearest}\"?" : "\"waggle bench\" lists them."))];
    }

    private static int Positive(int rounds) => rounds > 0 ? rounds : throw CliException.Usage("--rounds must be at least 1");
}
