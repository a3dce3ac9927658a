using Waggle.Bench.Programs;
using Waggle.Bpf;
using Waggle.Linux;
using DatapathConfig = Waggle.Datapath.DatapathConfig;

namespace Waggle.Bench.Policy;

/// <summary>
/// A million connections in the product's table and in the kernel's nf_conntrack, which <c>tracking.bpf.c</c> asks through its kfuncs
/// in the same wrapper: the first packet of each, and packets of them in random order.
/// </summary>
public sealed class TrackingBenchmark : IBenchmark
{
    private const int Million = 1 << 20;
    private const int Lookups = 200_000;
    private const int SamplesPerRound = 5;

    public string Name => "tracking";

    public string Description => "a million connections: the product's table against nf_conntrack";

    public Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        using var size = new KernelTableSize(Million);
        List<double> ourInserts = [], kernelInserts = [], ourLookups = [], kernelLookups = [];
        for (var round = 0; round < context.Rounds; round++)
        {
            using var inside = NetworkNamespace.Create(); // its end empties the kernel's table
            using var tables = Load();
            using var product = tables.GetProgram("product");
            using var insert = tables.GetProgram("kernel_insert");
            using var lookup = tables.GetProgram("kernel_lookup");
            var frame = Frame.Udp(PodProgram.GatewayMac, PodProgram.SenderMac, PodProgram.Sender, PodProgram.IPv4(PolicyRig.LocalPeer));
            foreach (var (program, times) in new[] { (product, ourInserts), (insert, kernelInserts) })
            {
                using var each = ConnectionWrapper.Create(inside, frame, 1, PolicyRig.LocalPeer, alwaysNew: true);
                times.Add(each.Time(program, Million, warm: false));
            }

            using var any = ConnectionWrapper.Create(inside, frame, 1, PolicyRig.LocalPeer, alwaysNew: true, scattered: true);
            foreach (var (program, what) in new[] { (product, "the product"), (lookup, "nf_conntrack") })
            {
                if (any.Verdict(program) is not PodProgram.Redirect and var verdict)
                {
                    throw new InvalidOperationException($"{what} does not know its connections (returned {verdict}): what would be measured is no look-up");
                }
            }

            for (var sample = 0; sample < SamplesPerRound; sample++)
            {
                cancellation.ThrowIfCancellationRequested();
                ourLookups.Add(any.Time(product, Lookups));
                kernelLookups.Add(any.Time(lookup, Lookups));
            }

            RequireComplete(tables);
            context.Progress.WriteLine(FormattableString.Invariant(
                $"  round {round + 1}/{context.Rounds}: insert {ourInserts[^1]:0} against {kernelInserts[^1]:0} ns, look up {ourLookups[^1]:0} against {kernelLookups[^1]:0} ns"));
        }

        return Task.FromResult<IReadOnlyList<Comparison>>(
        [
            new Comparison("a million connections, the first packet of each", "ns/packet", new Measurement("Waggle", ourInserts), new Measurement("nf_conntrack", kernelInserts), Goal.AtMost(1)),
            new Comparison("a million connections, packets of them in random order", "ns/packet", new Measurement("Waggle", ourLookups), new Measurement("nf_conntrack", kernelLookups), Goal.AtMost(1)),
        ]);
    }

    private static BpfObject Load()
    {
        var tables = BpfObject.Open(BenchObjects.Read("tracking"), new BpfObjectOptions { Name = "tracking" });
        tables.SetVariable("config", new DatapathConfig { AnyTimeout = TimeSpan.FromHours(1) }.ToAbi());
        tables.SetMaxEntries("conntrack", 2 * Million); // an LRU map begins to evict before it is full
        tables.Load();
        return tables;
    }

    /// <summary>Every connection made a row, and none was made twice.</summary>
    private static void RequireComplete(BpfObject tables)
    {
        using var counters = tables.GetMap("conntrack_counters").AsPerCpu<uint, Waggle.Datapath.Abi.ConntrackCounters>();
        var cpus = new Waggle.Datapath.Abi.ConntrackCounters[BpfCpu.PossibleCount];
        if (!counters.TryLookup(0, cpus) || cpus.Sum(c => (long)c.Created) != Million)
        {
            throw new InvalidOperationException($"{cpus.Sum(c => (long)c.Created)} rows for {Million} connections: what was measured is not the path");
        }
    }
}
