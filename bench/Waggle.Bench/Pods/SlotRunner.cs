using System.Diagnostics;
using System.Globalization;
using Waggle.Bench.Lab;
using Waggle.Bench.Paired;
using Waggle.Datapath.Maps;

namespace Waggle.Bench.Pods;

/// <summary>One kind of traffic in slots.</summary>
/// <param name="Text">What the report calls it.</param>
/// <param name="Unit">What is counted, for "per second" and "per CPU second".</param>
/// <param name="Mode">As <c>waggle-load slots</c> knows it.</param>
/// <param name="Connections">At a time.</param>
internal sealed record SlotTraffic(string Text, string Unit, string Mode, int Connections = 1);

/// <summary>
/// Runs traffic in slots between pods of a lab, and in the same slots switches observability on and off, or changes from one pair of pods
/// to the other. Generators, lab and switch are separate programs that follow one plan by the clock.
/// </summary>
internal sealed class SlotRunner(BenchLab lab, string programs)
{
    /// <summary>From now until the first slot: what <c>kubectl exec</c> takes, on a busy machine, too.</summary>
    private static readonly TimeSpan s_lead = TimeSpan.FromMilliseconds(800);

    /// <summary>Where all of the lab runs. The first CPU takes most of a machine's interrupts.</summary>
    private static readonly string s_cpu = (Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture);

    private readonly string[] _switches = [.. lab.Nodes.Select(node => lab.PathsOf(node).Map(MapCatalogue.TraceState.Name))];

    /// <summary>Observability on in the subject's slots, off in the baseline's, the connections stay open.</summary>
    internal async Task<SlotSeries> ObserveAsync(LabPath path, SlotTraffic traffic, SlotPlan plan, CancellationToken cancellation)
    {
        var start = Now() + (s_lead.Ticks * TimeSpan.NanosecondsPerTick);
        var traffics = path.SlotsAsync(traffic, plan.Always().Arguments(start), cancellation);
        var switches = await SwitchAsync(plan, start, _switches, cancellation).ConfigureAwait(false);
        return SlotSeries.Join(plan, SlotSeries.ReadCounts(await traffics.ConfigureAwait(false)), SlotSeries.ReadSwitches(switches));
    }

    /// <summary>One pair of pods in the subject's slots, the other one in the baseline's.</summary>
    internal async Task<SlotSeries> CompareAsync(LabPath subject, LabPath baseline, SlotTraffic traffic, SlotPlan plan, CancellationToken cancellation)
    {
        var start = Now() + (s_lead.Ticks * TimeSpan.NanosecondsPerTick);
        var one = subject.SlotsAsync(traffic, plan.Arguments(start), cancellation);
        var other = baseline.SlotsAsync(traffic, plan.Complement().Arguments(start), cancellation);
        var switches = await SwitchAsync(plan, start, [], cancellation).ConfigureAwait(false);
        var counts = SlotSeries.TakeTurns(SlotSeries.ReadCounts(await one.ConfigureAwait(false)), SlotSeries.ReadCounts(await other.ConfigureAwait(false)));
        return SlotSeries.Join(plan, counts, SlotSeries.ReadSwitches(switches));
    }

    /// <summary>Events that the datapath of all nodes has made since it was loaded, as far as they were written.</summary>
    internal ulong Events()
    {
        ulong sent = 0;
        foreach (var node in lab.Nodes)
        {
            using var maps = DatapathMaps.OpenPinned(lab.PathsOf(node));
            var rows = new Datapath.Abi.EventCounters[Waggle.Bpf.BpfCpu.PossibleCount];
            if (maps.EventCounters.TryLookup(0, rows))
            {
                sent += rows.Aggregate(0ul, (sum, row) => sum + row.Sent);
            }
        }

        return sent;
    }

    private async Task<string> SwitchAsync(SlotPlan plan, long start, string[] maps, CancellationToken cancellation)
    {
        await Task.Delay(s_lead * 3 / 4, cancellation).ConfigureAwait(false);
        await RunAsync(["gather", lab.Cgroup.Path, s_cpu], cancellation).ConfigureAwait(false); // the generators, too, which have just been started
        return await RunAsync(["switch", .. plan.Arguments(start), Path.Combine(lab.Cgroup.Path, "cpu.stat"), .. maps], cancellation).ConfigureAwait(false);
    }

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(programs, "waggle-load"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await using var end = cancellation.Register(process.Kill).ConfigureAwait(false);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"waggle-load {arguments[0]}: {await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false)}");
    }

    /// <summary>CLOCK_MONOTONIC, ns.</summary>
    private static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
}
