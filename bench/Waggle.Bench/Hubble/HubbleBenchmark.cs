using System.Diagnostics;
using Waggle.Bench.Export;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;

namespace Waggle.Bench.Hubble;

/// <summary>The way of a flow: from the datapath's record through assembly into the ring, to clients, and through the relay.</summary>
public sealed class HubbleBenchmark : IBenchmark
{
    private const int Batch = 4096;

    public string Name => "hubble";

    public string Description => "flows from the ring buffer into the ring, to clients, and through the relay";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        var events = SampleEvents.Make(Batch);
        await using var node = await BenchNode.StartAsync("node", 65535, cancellation).ConfigureAwait(false);
        var discard = new Discard();
        var (assembled, discarded) = await context.AlternateAsync(
            "into the ring", () => Task.FromResult(Rate(context.Duration, events, node.Adapter)), "decoded and discarded", () => Task.FromResult(Rate(context.Duration, events, discard))).ConfigureAwait(false);
        var followers = new Followers(node, events);
        List<double> allocated = [Allocated(events, node.Adapter)], filter = [], cel = [], all = [], one = [], oneCpu = [], ten = [], tenAll = [], relayed = [], relayedCpu = [], grown = [];
        for (var round = 0; round < context.Rounds; round++)
        {
            filter.Add(FilterNanoseconds(context.Duration, Fields));
            cel.Add(FilterNanoseconds(context.Duration, Expression));
            all.Add(await node.DeliverAsync(new GetFlowsRequest { First = true }, context.Duration, cancellation).ConfigureAwait(false));
            var follow = await followers.MeasureAsync(1, new GetFlowsRequest(), 1, context.Duration, cancellation).ConfigureAwait(false);
            var filtered = await followers.MeasureAsync(10, OnePercent(), 100, context.Duration, cancellation).ConfigureAwait(false);
            var many = await followers.MeasureAsync(10, new GetFlowsRequest(), 1, context.Duration, cancellation).ConfigureAwait(false);
            var relay = await RelayRig.MeasureAsync(100, 4095, cancellation).ConfigureAwait(false);
            (one, oneCpu, ten, tenAll) = ([.. one, follow.Rate], [.. oneCpu, follow.Cpu], [.. ten, filtered.Rate], [.. tenAll, 10 * many.Rate]);
            (relayed, relayedCpu, grown) = ([.. relayed, relay.Rate], [.. relayedCpu, relay.Cpu], [.. grown, relay.Grown]);
            context.Progress.WriteLine(FormattableString.Invariant(
                $"  round {round + 1}/{context.Rounds}: filter {filter[^1]:g4} ns, history {all[^1]:g5}/s, follow {follow.Rate:g5}/s at {follow.Cpu:g4} ns, ten filtered {filtered.Rate:g5}/s, ten {tenAll[^1]:g5}/s, relayed {relay.Rate:g5}/s at {relay.Cpu:g4} ns, grown {relay.Grown:g4} MiB"));
        }

        return
        [
            new Comparison("flows from the datapath's record through assembly into the ring, one core", "flows/s", assembled, null, Goal.AtLeast(1_000_000)),
            new Comparison("the same against decoding and discarding", "flows/s", assembled, discarded, Goal.Stated),
            new Comparison("bytes allocated per flow on that way", "bytes", new Measurement("allocated", allocated), null, Goal.AtMost(0)),
            new Comparison("a filter of four fields, per flow", "ns", new Measurement("filter", filter), null, Goal.AtMost(100)),
            new Comparison("the same question as a CEL expression, per flow", "ns", new Measurement("expression", cel), new Measurement("filter", filter), Goal.Stated),
            new Comparison("GetFlows of the whole ring to one client on the same machine, which leaves the flows as bytes", "flows/s", new Measurement("history", all), null, Goal.AtLeast(200_000)),
            new Comparison("GetFlows follow: delivered to that client, none lost", "flows/s", new Measurement("followed", one), null, Goal.AtLeast(200_000)),
            new Comparison("CPU time of node and client for each of these", "ns", new Measurement("CPU", oneCpu), null, Goal.Stated),
            new Comparison("GetFlows follow, ten clients filtered to 1 %: flows seen, each by all ten filters, none lost", "flows/s", new Measurement("ten filtered", ten), null, Goal.AtLeast(200_000)),
            new Comparison("GetFlows follow, ten clients: delivered to all together, none lost", "flows/s", new Measurement("ten", tenAll), null, Goal.Stated),
            new Comparison("relay merging 100 nodes in time order, nodes and client on the same machine", "flows/s", new Measurement("relayed", relayed), null, Goal.AtLeast(100_000)),
            new Comparison("CPU time of nodes, relay and client for each of these", "ns", new Measurement("CPU", relayedCpu), null, Goal.Stated),
            new Comparison("growth of the live heap between the first and the last tenth of that answer", "MiB", new Measurement("grown", grown), null, Goal.AtMost(16)),
        ];
    }

    private static GetFlowsRequest OnePercent() => new() { Whitelist = { new FlowFilter { SourcePort = { SampleEvents.RarePort } } } };

    private static double Rate(TimeSpan duration, byte[][] events, IDatapathEventHandler handler)
    {
        var clock = Stopwatch.StartNew();
        long done = 0;
        while (clock.Elapsed < duration)
        {
            foreach (var record in events)
            {
                EventDecoder.Decode(record, handler);
            }

            done += events.Length;
        }

        return done / clock.Elapsed.TotalSeconds;
    }

    private static double Allocated(byte[][] events, IDatapathEventHandler handler)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 10; round++)
        {
            foreach (var record in events)
            {
                EventDecoder.Decode(record, handler);
            }
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / (10d * events.Length);
    }

    private static FlowFilter Fields => new() { Verdict = { Verdict.Forwarded, Verdict.Dropped }, DestinationPort = { "8080" }, SourceIp = { "10.0.0.0/8" }, SourceLabel = { "app=none" } };

    private static FlowFilter Expression => new()
    {
        Experimental = new FlowFilter.Types.Experimental
        {
            CelExpression = { "_flow.verdict in [Verdict.FORWARDED, Verdict.DROPPED] && _flow.l4.TCP.destination_port == 8080u && _flow.IP.source.startsWith('10.') && 'k8s:app=none' in _flow.source.labels" },
        },
    };

    private static double FilterNanoseconds(TimeSpan duration, FlowFilter filter)
    {
        var flows = SampleFlows.Make(Batch);
        var set = FlowFilterSet.Compile([filter], []);
        long done = 0, matched = 0;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < duration)
        {
            foreach (ref readonly FlowRecord flow in flows.AsSpan())
            {
                matched += set.Matches(in flow) ? 1 : 0;
            }

            done += Batch;
        }

        GC.KeepAlive(matched);
        return clock.Elapsed.TotalNanoseconds / done;
    }

    private sealed class Discard : IDatapathEventHandler
    {
        private uint _seen;

        public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet) => _seen += drop.Line;

        public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet) => _seen += trace.Point;

        public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet) => _seen += verdict.Rule;

        public void OnMembership(in MembershipEvent membership) => _seen += membership.Slot;
    }
}
