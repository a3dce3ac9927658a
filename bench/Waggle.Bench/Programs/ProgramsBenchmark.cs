using Waggle.Bpf;
using Waggle.Linux;

namespace Waggle.Bench.Programs;

/// <summary>
/// What the pod program costs per packet, as a multiple of an empty program's cost in the same wrapper; and how that cost is
/// spread over its stages. The redirect itself happens after the program and is not in it.
/// </summary>
public sealed class ProgramsBenchmark : IBenchmark
{
    /// <summary>A sample is short, so a round takes several of each, in alternation.</summary>
    private const int SamplesPerRound = 9;
    private const int Runs = 200_000;
    private const uint LocalPeers = 0x0a400000;  // 10.64.0.0
    private const uint RemotePeers = 0x0a800000; // 10.128.0.0

    public string Name => "programs";

    public string Description => "cost of the pod program per packet, against an empty tc program";

    public Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        List<Comparison> results = [];
        foreach (var peers in (int[])[1, 16384])
        {
            results.AddRange(Measure(context, "pod → local pod", LocalPeers, peers, (pod, count) => pod.AddLocalPods(LocalPeers, count), Stages.ToLocalPod, cancellation));
            results.AddRange(Measure(context, "pod → overlay", RemotePeers, peers, (pod, count) => pod.AddRemotePods(RemotePeers, count), Stages.ToOverlay, cancellation));
        }

        return Task.FromResult<IReadOnlyList<Comparison>>(results);
    }

    private static IEnumerable<Comparison> Measure(
        BenchmarkContext context, string path, uint firstPeer, int peers, Action<PodProgram, int> fill,
        IReadOnlyList<(Stage End, string Text)> stages, CancellationToken cancellation)
    {
        using var inside = NetworkNamespace.Create();
        using var pod = new PodProgram();
        fill(pod, peers);
        var frame = Frame.Udp(PodProgram.GatewayMac, PodProgram.SenderMac, PodProgram.Sender, PodProgram.IPv4(firstPeer));
        using var wrapper = Wrapper.ForPeers(inside, frame, peers, firstPeer);
        if (wrapper.Verdict(pod.Program) is not PodProgram.Redirect and var verdict)
        {
            throw new InvalidOperationException($"{path}: the program returned {verdict}, not a redirect: what would be measured is not the path");
        }

        BpfProgram[] programs = [wrapper.Nothing, .. stages.SkipLast(1).Select(stage => pod.Cut(stage.End)), pod.Program];
        var samples = programs.Select(_ => new List<double>()).ToArray();
        for (var sample = 0; sample < context.Rounds * SamplesPerRound; sample++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = 0; i < programs.Length; i++)
            {
                samples[i].Add(wrapper.Time(programs[i], Runs));
            }
        }

        if (pod.Drops is > 0 and var drops)
        {
            throw new InvalidOperationException($"{path}: the program refused {drops} packets: what was measured is not the path");
        }

        var title = FormattableString.Invariant($"{path}, {peers:#,0} {(peers == 1 ? "peer" : "peers")}");
        var subject = new Measurement("from_pod", samples[^1]);
        var empty = new Measurement("empty tc program", samples[0]);
        context.Progress.WriteLine(FormattableString.Invariant($"  {title}: {subject.Median:0.0} ns, empty {empty.Median:0.0} ns: × {subject.Median / empty.Median:0.00}"));
        yield return new Comparison(title, "ns/packet", subject, empty, Goal.AtMost(9));

        var net = Difference("from_pod without wrapper and empty program", samples[^1], samples[0]);
        for (var i = 1; i < programs.Length; i++)
        {
            var text = stages[i - 1].Text;
            yield return new Comparison($"{title}: {text}", "ns/packet", Difference(text, samples[i], samples[i - 1]), net, Goal.Stated);
        }
    }

    private static Measurement Difference(string name, IReadOnlyList<double> larger, IReadOnlyList<double> smaller) =>
        new(name, [.. larger.Zip(smaller, (a, b) => a - b)]);
}
