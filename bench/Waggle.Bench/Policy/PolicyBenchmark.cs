using Waggle.Bench.Programs;
using Waggle.Linux;

namespace Waggle.Bench.Policy;

/// <summary>
/// What the pod program costs per packet with connection tracking and the policy of both ends, as a multiple of an empty program in
/// the same wrapper; and how that grows with the size of the policy.
/// </summary>
public sealed class PolicyBenchmark : IBenchmark
{
    private const int SamplesPerRound = 9;
    private const int Runs = 200_000;
    private static readonly PolicySize Small = new(10, 1);
    private static readonly PolicySize Large = new(100_000, 500);

    public string Name => "policy";

    public string Description => "cost of connection tracking and policy per packet, against an empty tc program";

    public Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        List<Comparison> results =
        [
            Against(context, "pod → local pod, both policies, established, 1 connection", Path.Local(1), 16, cancellation),
            Against(context, "pod → local pod, both policies, established, 16,384 connections", Path.Local(16384), 36, cancellation),
            Against(context, "pod → overlay, policy, established, 1 connection", Path.Overlay(1), 11, cancellation),
            Against(context, "pod → overlay, policy, established, 16,384 connections", Path.Overlay(16384), 20, cancellation),
            Against(context, "pod → local pod, both policies, a new connection with every packet", Path.New, 50, cancellation),
        ];
        results.AddRange(Growth(context, "established", Path.Local(1), cancellation));
        results.AddRange(Growth(context, "a new connection with every packet", Path.New, cancellation));
        return Task.FromResult<IReadOnlyList<Comparison>>(results);
    }

    private static Comparison Against(BenchmarkContext context, string title, Path path, double goal, CancellationToken cancellation)
    {
        using var inside = NetworkNamespace.Create();
        using var rig = path.Prepare(new PolicySize(100, 20));
        using var wrapper = path.Wrap(inside);
        Require(title, wrapper.Verdict(rig.Program));
        List<double> subject = [], empty = [];
        for (var sample = 0; sample < context.Rounds * SamplesPerRound; sample++)
        {
            cancellation.ThrowIfCancellationRequested();
            empty.Add(wrapper.Time(wrapper.Nothing, Runs));
            subject.Add(wrapper.Time(rig.Program, Runs));
        }

        RequireNoDrops(title, rig);
        var comparison = new Comparison(title, "ns/packet", new Measurement("from_pod", subject), new Measurement("empty tc program", empty), Goal.AtMost(goal));
        context.Progress.WriteLine(FormattableString.Invariant(
            $"  {title}: {comparison.Subject.Median:0.0} ns, empty {comparison.Baseline!.Median:0.0} ns: × {comparison.Ratio:0.00}, net {comparison.Subject.Median - comparison.Baseline.Median:0} ns"));
        return comparison;
    }

    /// <summary>The largest policy against the smallest, and both against policy off.</summary>
    private static IEnumerable<Comparison> Growth(BenchmarkContext context, string what, Path path, CancellationToken cancellation)
    {
        using var inside = NetworkNamespace.Create();
        using var off = path.Prepare(null);
        using var small = path.Prepare(Small);
        using var large = path.Prepare(Large);
        using var wrapper = path.Wrap(inside);
        PolicyRig[] rigs = [off, small, large];
        var samples = rigs.Select(_ => new List<double>()).ToArray();
        foreach (var rig in rigs)
        {
            Require(what, wrapper.Verdict(rig.Program));
        }

        for (var sample = 0; sample < context.Rounds * SamplesPerRound; sample++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = 0; i < rigs.Length; i++)
            {
                samples[i].Add(wrapper.Time(rigs[i].Program, Runs));
            }
        }

        foreach (var rig in rigs)
        {
            RequireNoDrops(what, rig);
        }

        var without = new Measurement("policy off", samples[0]);
        var least = new Measurement("10 peers, 1 port rule", samples[1]);
        var most = new Measurement("100,000 peers, 500 port rules", samples[2]);
        context.Progress.WriteLine(FormattableString.Invariant($"  {what}: off {without.Median:0.0}, small {least.Median:0.0}, large {most.Median:0.0} ns"));
        yield return new Comparison($"verdict, {what}: 100,000 peers and 500 port rules against 10 and 1", "ns/packet", most, least, Goal.AtMost(1.3));
        yield return new Comparison($"verdict, {what}: 10 peers and 1 port rule", "ns/packet", least, without, Goal.Stated);
        yield return new Comparison($"verdict, {what}: 100,000 peers and 500 port rules", "ns/packet", most, without, Goal.Stated);
    }

    private static void Require(string title, uint verdict)
    {
        if (verdict != PodProgram.Redirect)
        {
            throw new InvalidOperationException($"{title}: the program returned {verdict}, not a redirect: what would be measured is not the path");
        }
    }

    private static void RequireNoDrops(string title, PolicyRig rig)
    {
        if (rig.Drops is > 0 and var drops)
        {
            throw new InvalidOperationException($"{title}: the program refused {drops} packets: what was measured is not the path");
        }
    }

    private sealed record Path(uint Peer, int Connections, bool AlwaysNew)
    {
        internal static Path New { get; } = new(PolicyRig.LocalPeer, 1, true);

        internal static Path Local(int connections) => new(PolicyRig.LocalPeer, connections, false);

        internal static Path Overlay(int connections) => new(PolicyRig.RemotePeer, connections, false);

        internal PolicyRig Prepare(PolicySize? size)
        {
            var rig = new PolicyRig(size);
            if (!AlwaysNew)
            {
                rig.Establish(Peer, Connections);
            }

            return rig;
        }

        internal Wrapper Wrap(NetworkNamespace inside) => ConnectionWrapper.Create(inside, PolicyRig.Segment(Peer, AlwaysNew ? (byte)2 : (byte)16), Connections, Peer, AlwaysNew);
    }
}
