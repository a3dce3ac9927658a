using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Which packets of a connection make trace events, by level of aggregation, and what those say about the connection.</summary>
public sealed class TraceAggregationTests
{
    [Fact]
    public void None_EveryPacketAtEveryPoint()
    {
        using var pair = Tracing(TraceAggregation.None);
        var traces = Traces(pair, () => Conversation(pair));
        Assert.Equal(18, traces.Count);
        Assert.Equal(9, traces.Count(t => t.Point == (byte)TracePoint.FromEndpoint));
        Assert.All(traces.Where(t => t.Point == (byte)TracePoint.FromEndpoint), t => Assert.Equal((byte)TraceReason.Unknown, t.Reason));
    }

    [Fact]
    public void Low_EveryPacketWhereItGoes()
    {
        using var pair = Tracing(TraceAggregation.Low);
        var traces = Traces(pair, () => Conversation(pair));
        Assert.Equal(9, traces.Count);
        Assert.All(traces, t => Assert.Equal((byte)TracePoint.ToEndpoint, t.Point));
        Assert.Equal(
            [(TraceReason.New, 0), (TraceReason.Reply, 1), (TraceReason.Established, 0)],
            traces.Take(3).Select(t => ((TraceReason)t.Reason, (int)t.IsReply)));
    }

    [Theory]
    [InlineData(TraceAggregation.Medium)]
    [InlineData(TraceAggregation.Maximum)]
    public void Medium_FirstPacketAndNewFlagsOfEachDirection(TraceAggregation level)
    {
        using var pair = Tracing(level, interval: 100000);
        var traces = Traces(pair, () => Conversation(pair));
        // SYN, SYN+ACK, ACK, then PSH of either side, then FIN of either side; repetitions are merged
        Assert.Equal(
            [(TraceReason.New, 0), (TraceReason.Reply, 1), (TraceReason.Established, 0), (TraceReason.Established, 0), (TraceReason.Reply, 1), (TraceReason.Established, 0), (TraceReason.Reply, 1)],
            traces.Select(t => ((TraceReason)t.Reason, (int)t.IsReply)));
    }

    [Theory]
    [InlineData(TraceAggregation.Medium, 2)]
    [InlineData(TraceAggregation.Maximum, 1)]
    public void Interval_TellsOfLongConnectionsAgain(TraceAggregation level, int expected)
    {
        using var pair = Tracing(level, interval: 5);
        var traces = Traces(pair, () =>
        {
            pair.FromA(pair.AtoB.UdpPorts(1, 2)).Redirected();
            pair.Hook.Change(c => c with { TracedInitiator = c.TracedInitiator - 6 });
            pair.FromA(pair.AtoB.UdpPorts(1, 2)).Redirected();
        });
        Assert.Equal(expected, traces.Count);
    }

    [Fact]
    public void Related_IsSaidSo()
    {
        using var pair = Tracing(TraceAggregation.Low);
        var request = pair.AtoB.UdpPorts(5000, 53).Build();
        pair.FromA(pair.AtoB.UdpPorts(5000, 53)).Redirected();
        var trace = Assert.Single(Traces(pair, () => pair.FromB(pair.BtoA.IcmpError(3, 3, request)).Redirected()));
        Assert.Equal(((byte)TraceReason.Related, (byte)1), (trace.Reason, trace.IsReply));
    }

    private static PairHook Tracing(TraceAggregation level, uint interval = 5) => new(configure: c => c with
    {
        TracePoints = 0xfff,
        TraceAggregation = (byte)level,
        TraceInterval = interval,
        EventRate = 1_000_000,
        EventBurst = 1_000_000,
    });

    private static void Conversation(PairHook pair)
    {
        pair.Handshake();
        pair.Request(Ack | 8, 10).Redirected();
        pair.Request(Ack | 8, 10).Redirected();
        pair.Reply(Ack | 8, 10).Redirected();
        pair.Request(Ack | Fin).Redirected();
        pair.Reply(Ack | Fin).Redirected();
        pair.Request(Ack).Redirected();
    }

    private static List<TraceEvent> Traces(PairHook pair, Action action) =>
        [.. pair.Hook.Events(action).Where(r => r[0] == (byte)EventType.Trace).Select(r => MemoryMarshal.Read<TraceEvent>(r))];
}
