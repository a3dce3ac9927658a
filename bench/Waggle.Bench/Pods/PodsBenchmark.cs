using Waggle.Bench.Lab;
using Waggle.Bench.Network;
using Waggle.Lab.Cluster;

namespace Waggle.Bench.Pods;

/// <summary>
/// What applications get between pods of a lab (the real product: API server, agents, CNI plugin): on one node against veths on a
/// bridge, with one veth pair as the limit; on two nodes against bridges joined by the kernel's VXLAN.
/// </summary>
public sealed class PodsBenchmark : IBenchmark
{
    private static readonly (string Text, string Unit, Goal SameNode, Goal AcrossNodes, Func<ITrafficPath, TimeSpan, CancellationToken, Task<double>> Run)[] Figures =
    [
        ("TCP throughput, one connection", "bytes/s", Goal.AtLeast(1), Goal.AtLeast(1), TrafficFigures.ThroughputAsync),
        ("request/response, one byte", "1/s", Goal.AtLeast(1.25), Goal.AtLeast(1.15), TrafficFigures.RequestsAsync),
        ("request/response, 16 connections at once", "1/s", Goal.Stated, Goal.Stated, TrafficFigures.ManyRequestsAsync),
        ("CPU per request/response, both ends on one CPU", "ns", Goal.Stated, Goal.Stated, TrafficFigures.RequestCostAsync),
        ("UDP datagrams of 64 bytes received", "1/s", Goal.AtLeast(1.25), Goal.AtLeast(1.15), TrafficFigures.DatagramsAsync),
        ("CPU per UDP datagram of 64 bytes", "ns", Goal.Stated, Goal.Stated, TrafficFigures.DatagramCostAsync),
    ];

    public string Name => "pods";

    public string Description => "TCP, request/response and small datagrams between pods, against bridge, veth pair and kernel VXLAN";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        var program = Path.Combine(context.Programs, "waggle-load");
        context.Progress.WriteLine("  building: lab with 3 nodes");
        await using var lab = await BenchLab.UpAsync(3, NoProgress.Instance, cancellation).ConfigureAwait(false);
        var address = await lab.RunPodAsync("server", lab.Node(1), [LabPath.Program, "serve", "$(POD_IP)", TrafficFigures.Port], cancellation).ConfigureAwait(false);
        await lab.RunPodAsync("near", lab.Node(1), ["sleep", "infinity"], cancellation).ConfigureAwait(false);
        await lab.RunPodAsync("far", lab.Node(2), ["sleep", "infinity"], cancellation).ConfigureAwait(false);
        await using var pair = await Baselines.VethPairAsync(program).ConfigureAwait(false);
        await using var bridge = await Baselines.BridgeAsync(program).ConfigureAwait(false);
        await using var vxlan = await Baselines.BridgeVxlanAsync(program).ConfigureAwait(false);
        var (near, far) = (new LabPath("Waggle, same node", lab, "near", address), new LabPath("Waggle, across nodes", lab, "far", address));

        List<Comparison> results = [];
        foreach (var figure in Figures)
        {
            ITrafficPath[] paths = [near, bridge, pair, far, vxlan];
            var samples = paths.ToDictionary(path => path.Name, _ => new List<double>());
            for (var round = 0; round < context.Rounds; round++)
            {
                foreach (var path in paths)
                {
                    samples[path.Name].Add(await figure.Run(path, context.Duration, cancellation).ConfigureAwait(false));
                }

                context.Progress.WriteLine($"  {figure.Text}: " + string.Join(", ", paths.Select(path => FormattableString.Invariant($"{path.Name} {samples[path.Name][^1]:g5}"))));
            }

            Measurement Of(ITrafficPath path) => new(path.Name, samples[path.Name]);
            results.Add(new Comparison($"pod ↔ pod, same node: {figure.Text}", figure.Unit, Of(near), Of(bridge), figure.SameNode));
            results.Add(new Comparison($"pod ↔ pod, same node: {figure.Text}; the limit", figure.Unit, Of(near), Of(pair), Goal.Stated));
            results.Add(new Comparison($"pod ↔ pod, across nodes: {figure.Text}", figure.Unit, Of(far), Of(vxlan), figure.AcrossNodes));
        }

        return results;
    }
}
