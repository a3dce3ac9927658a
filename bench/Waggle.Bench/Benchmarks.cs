using Waggle.Bench.Cni;
using Waggle.Bench.Export;
using Waggle.Bench.Hubble;
using Waggle.Bench.Lab;
using Waggle.Bench.Memory;
using Waggle.Bench.Multicast;
using Waggle.Bench.Pods;
using Waggle.Bench.Policy;
using Waggle.Bench.Programs;

namespace Waggle.Bench;

/// <summary>Every benchmark there is, in the order of the report.</summary>
public static class Benchmarks
{
    public static IReadOnlyList<IBenchmark> All { get; } =
        [new ProgramsBenchmark(), new PolicyBenchmark(), new TrackingBenchmark(), new PolicyCompileBenchmark(), new PolicyLearnBenchmark(), new PodsBenchmark(), new OverheadBenchmark(), new MulticastBenchmark(), new CniBenchmark(), new LabBenchmark(), new MemoryBenchmark(), new HubbleBenchmark(), new ExportBenchmark()];
}
