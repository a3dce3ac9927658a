using System.Diagnostics;

namespace Waggle.Bench.Lab;

/// <summary>From the command to a lab of three nodes whose system pods are all Ready, and what the time is spent on. Everything is built already.</summary>
public sealed class LabBenchmark : IBenchmark
{
    private const int Nodes = 3;

    /// <summary>Seconds, on 2 cores (issue 2 §8).</summary>
    private const double Limit = 20;

    public string Name => "lab";

    public string Description => "start of a lab with 3 nodes until all system pods are Ready, and each step of it";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        List<double> starts = [], ends = [];
        List<string> order = [];
        Dictionary<string, List<double>> steps = [];
        for (var round = 0; round < context.Rounds; round++)
        {
            var (times, clock) = (new StepTimes(), Stopwatch.StartNew());
            var lab = await BenchLab.UpAsync(Nodes, times, cancellation).ConfigureAwait(false);
            starts.Add(clock.Elapsed.TotalSeconds);
            clock.Restart();
            await lab.DisposeAsync().ConfigureAwait(false);
            ends.Add(clock.Elapsed.TotalSeconds);
            foreach (var (step, duration) in times.Steps)
            {
                if (!steps.TryGetValue(step, out var list))
                {
                    steps[step] = list = [];
                    order.Add(step);
                }

                list.Add(duration.TotalSeconds);
            }

            context.Progress.WriteLine(FormattableString.Invariant($"  round {round + 1}/{context.Rounds}: up {starts[^1]:0.00} s, down {ends[^1]:0.00} s"));
        }

        return
        [
            new Comparison($"lab with {Nodes} nodes, until all system pods are Ready", "s", new Measurement("lab up", starts), null, Goal.AtMost(Limit)),
            .. order.Select(step => new Comparison($"lab up: {step}", "s", new Measurement(step, steps[step]), null, Goal.Stated)),
            new Comparison("lab down", "s", new Measurement("lab down", ends), null, Goal.Stated),
        ];
    }
}
