namespace Waggle.Bench.Multicast;

/// <summary>
/// How many copies of a datagram reach local members in a second, and what a copy costs, from one member to 512; against a bridge
/// that snoops, and against the kernel's multicast routing. Members are real sockets in namespaces of their own.
/// </summary>
public sealed class MulticastBenchmark : IBenchmark
{
    private const int BridgeGoalMembers = 64;
    private const int MostMembers = 512;
    private const int RouterMembers = 30; // one interface in, and the kernel has room for 32
    private const long CopiesPerSample = 300_000;

    /// <summary>What "flat" means for the cost of a copy: at most this much more with 512 members than with 64.</summary>
    private const double Flat = 1.15;

    private static readonly int[] Sizes = [1, 8, RouterMembers, BridgeGoalMembers, MostMembers];

    public string Name => "multicast";

    public string Description => "copies per second and CPU per copy to 1 … 512 local members, against bridge and multicast routing";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        var program = Path.Combine(context.Programs, "waggle-load");
        int[] bridgeSizes = [.. Sizes.Where(size => size != RouterMembers)];
        context.Progress.WriteLine("  building: bridge, router, node");
        await using var bridge = await BridgeRig.CreateAsync(program, bridgeSizes, cancellation).ConfigureAwait(false);
        await using var router = await RoutedRig.CreateAsync(program, RouterMembers, cancellation).ConfigureAwait(false);
        await using var waggle = await WaggleRig.CreateAsync(program, Sizes, cancellation).ConfigureAwait(false);

        var samples = new Dictionary<(string Rig, int Members), List<MulticastSample>>();
        for (var round = 0; round < context.Rounds; round++)
        {
            foreach (var size in Sizes)
            {
                await SampleAsync(waggle, size).ConfigureAwait(false);
                if (size == RouterMembers)
                {
                    await SampleAsync(router, size).ConfigureAwait(false);
                }
                else
                {
                    await SampleAsync(bridge, size).ConfigureAwait(false);
                }
            }
        }

        return [.. Report()];

        async Task SampleAsync(MulticastRig rig, int members)
        {
            var sample = await rig.SampleAsync(members, CopiesPerSample / Math.Max(members, 4), cancellation).ConfigureAwait(false);
            if (!samples.TryGetValue((rig.Name, members), out var list))
            {
                samples[(rig.Name, members)] = list = [];
            }

            list.Add(sample);
            context.Progress.WriteLine(FormattableString.Invariant(
                $"  {rig.Name}, {members} members: {sample.CopiesPerSecond / 1000:0} k copies/s, {sample.NanosecondsPerCopy:0} ns/copy, {sample.Lost:0.0%} lost"));
        }

        IEnumerable<Comparison> Report()
        {
            foreach (var size in Sizes)
            {
                var baseline = size == RouterMembers ? router.Name : bridge.Name;
                var title = $"multicast to {size} local {(size == 1 ? "member" : "members")}";
                yield return new Comparison($"{title}: copies", "copies/s", Of(waggle.Name, size, s => s.CopiesPerSecond),
                    Of(baseline, size, s => s.CopiesPerSecond), size == BridgeGoalMembers ? Goal.AtLeast(1.3) : Goal.Stated);
                yield return new Comparison($"{title}: CPU", "ns/copy", Of(waggle.Name, size, s => s.NanosecondsPerCopy),
                    Of(baseline, size, s => s.NanosecondsPerCopy), Goal.Stated);
            }

            yield return new Comparison($"multicast: CPU per copy with {MostMembers} members against {BridgeGoalMembers}", "ns/copy",
                Of(waggle.Name, MostMembers, s => s.NanosecondsPerCopy), Of(waggle.Name, BridgeGoalMembers, s => s.NanosecondsPerCopy), Goal.AtMost(Flat));
            yield return new Comparison($"multicast: the bridge's CPU per copy with {MostMembers} members against {BridgeGoalMembers}", "ns/copy",
                Of(bridge.Name, MostMembers, s => s.NanosecondsPerCopy), Of(bridge.Name, BridgeGoalMembers, s => s.NanosecondsPerCopy), Goal.Stated);
            var lost = samples.SelectMany(each => each.Value.Select(s => s.Lost)).Max();
            yield return new Comparison("multicast: copies lost in the worst sample of any path", "%", new Measurement("all", [lost * 100]), null, Goal.Stated);
        }

        Measurement Of(string rig, int members, Func<MulticastSample, double> figure) => new(rig, [.. samples[(rig, members)].Select(figure)]);
    }
}
