using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Waggle.Agent.Tests.Cluster;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Datapath.Tests.Packets.Support;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>
/// More events than there is room for, at each place where they may wait: the ring buffer of the kernel while the agent is stopped, the
/// agent's ring of flows before a client that does not read, the queue of the monitor. What each reader is told as missing is what is missing.
/// </summary>
public sealed class OverflowTests : IAsyncLifetime
{
    /// <summary>Records of the ring buffer: 4 MB, each trace event with its header in steps of 8 bytes.</summary>
    private static readonly ulong s_capacity = (ulong)((4 << 20) / (((Marshal.SizeOf<TraceEvent>() + 7) & ~7) + 8));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private TestCluster _cluster = null!;
    private DatapathMaps _maps = null!;
    private PodWire _client = null!;
    private PacketBuilder _packet = null!;
    private FlowFollower _flows = null!;
    private ushort _mark = 20000;

    private TestNode Node => _cluster.Nodes[0];

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(
            1, ("enable-hubble", "true"), ("monitor-aggregation", "none"), ("bpf-events-default-rate-limit", "0"), ("hubble-event-buffer-capacity", "32767"),
            ("hubble-metrics", "flow"), ("hubble-metrics-server", ":9965"));
        _maps = Node.OpenMaps();
        TestPod client = await Node.AddPodAsync("client"), server = await Node.AddPodAsync("server");
        Assert.True(_maps.Endpoints.TryLookup(new EndpointKey { Address = Address.From(IPAddress.Parse(client.Ip)) }, out EndpointInfo row));
        (await PodWire.OpenAsync(server)).Dispose();
        _client = await PodWire.OpenAsync(client);
        _packet = PacketBuilder.Ip(client.Ip, server.Ip).Macs(Bytes(row.PodMac), Bytes(row.HostMac));
        _flows = await FlowFollower.StartAsync(Node);
    }

    public async ValueTask DisposeAsync()
    {
        if (_flows is not null)
        {
            await _flows.DisposeAsync();
        }

        _client?.Dispose();
        _maps?.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Burst_OfTenTimesTheRingBuffer_WhatIsToldAsLostIsWhatIsMissing()
    {
        await using FlowFollower slow = await FlowFollower.StartAsync(Node);
        await using MonitorFollower monitor = await MonitorFollower.StartAsync(Node);
        await SettleAsync(); // all three are served
        Moment start = await SettleAsync();
        int slowStart = await slow.UntilAsync("the mark", 0, f => IsMark(f, _mark)) + 1;
        (ulong monitored, ulong metricStart) = (await OffsetAsync(monitor), await MetricAsync());
        slow.Pause();
        monitor.Pause();

        // The agent stands still.
        const ushort Burst = 9;
        Signal("STOP");
        try
        {
            Flood(Burst, s_capacity * 11 / 2);
        }
        finally
        {
            Signal("CONT");
        }

        (ulong sent, ulong missing) = Kernel();
        (sent, missing) = (sent - start.Sent, missing - start.Missing);
        Assert.True(sent + missing >= 10 * s_capacity && missing >= 9 * s_capacity, $"{sent} events had room, {missing} had none, of a capacity of {s_capacity}");
        await UntilAsync("flows of what had room, and the loss", () => _flows.Lost(LostEventSource.PerfEventRingBuffer), () => Kernel().Missing - start.Missing);

        // And the readers, while it goes on, until its own ring has gone past them.
        for (int i = 1; _flows.Count - start.Flows < 32767 * 2; i++)
        {
            Flood(Burst, 1000);
            ulong marked = await MarkAsync();
            Assert.True(marked > 0 || i < 1000, "no flows come");
        }

        slow.Resume();
        monitor.Resume();
        Moment end = await SettleAsync();

        ulong generated = end.Sent - start.Sent + end.Missing - start.Missing, received = (ulong)(end.Flows - start.Flows), packets = Packets(Burst);
        Assert.Equal(end.Sent - start.Sent, received + _flows.Lost(LostEventSource.HubbleRingBuffer));
        Assert.Equal(end.Missing - start.Missing, _flows.Lost(LostEventSource.PerfEventRingBuffer));
        // Each packet makes two events: where it comes in, and where it goes. What is above that are the marks and what a node does by itself.
        Assert.InRange(generated, 2 * packets, (2 * packets) + 2000);

        int slowEnd = await slow.UntilAsync("the last mark", slowStart, f => IsMark(f, _mark));
        Assert.Equal(generated, (ulong)(slowEnd + 1 - slowStart) + slow.Lost());
        Assert.True(slow.Lost(LostEventSource.HubbleRingBuffer) > 0, "the slow client was not overtaken");
        await UntilAsync("the monitor's sum", () => (ulong)(monitor.Events + monitor.Lost) + monitored, () => Kernel().Sent + Kernel().Missing);
        Assert.True((ulong)monitor.Lost > end.Missing - start.Missing, "the slow monitor lost nothing of its own");

        await UntilAsync("the metric", () => MetricAsync().GetAwaiter().GetResult() - metricStart, () => Kernel().Missing - start.Missing);
        await UntilAsync("the status' losses in the kernel", () => StatusAsync("lost").GetAwaiter().GetResult(), () => Kernel().Missing);
        await UntilAsync("the status", () => StatusAsync("missed").GetAwaiter().GetResult(), () => slow.Lost(LostEventSource.HubbleRingBuffer) + _flows.Lost(LostEventSource.HubbleRingBuffer));
    }

    [Fact]
    public async Task Burst_WhileNoAgentRuns_IsToldByTheNextOne_AndByNoOther()
    {
        await SettleAsync();
        await UntilAsync("what is told as lost", () => _flows.Lost(LostEventSource.PerfEventRingBuffer), () => Kernel().Missing);
        ulong told = Kernel().Missing;
        foreach (ushort burst in new ushort[] { 9, 11 })
        {
            Node.KillAgent();
            Flood(burst, s_capacity);
            ((ulong sent, ulong missing), ulong packets) = (Kernel(), Packets(burst));
            Assert.True(missing - told >= s_capacity / 2, $"{sent} events had room, {missing} had none, of a capacity of {s_capacity}");
            Node.StartAgent();
            await using FlowFollower next = await FlowFollower.StartAsync(Node, history: true);
            await Node.WaitReadyAsync();

            // It reads what had room, and tells what had none; the one before told its own.
            await UntilAsync("what is told as lost", () => told + next.Lost(LostEventSource.PerfEventRingBuffer), () => Kernel().Missing);
            ulong lost = next.Lost(LostEventSource.PerfEventRingBuffer);
            told += lost;
            await UntilAsync("flows of what had room", () => Read() + lost >= 2 * packets, () => true);
            Assert.InRange(Read() + lost, 2 * packets, (2 * packets) + 2000);
            Assert.Equal(0ul, next.Lost(LostEventSource.HubbleRingBuffer));

            ulong Read() => (ulong)next.From(0).Count(f => f.L4?.UDP?.SourcePort == burst);
        }
    }

    /// <summary>What the kernel says was written and was not, and how many flows there are of the first, at a moment in which nothing is under way.</summary>
    private async Task<Moment> SettleAsync()
    {
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            (ulong sent, ulong missing) = Kernel();
            if (await MarkAsync() is var at and > 0 && Kernel() == (sent + 2, missing) && (ulong)_flows.Count == at)
            {
                return new Moment(sent + 2, missing, (int)at);
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"no quiet moment: {Kernel()}, {_flows.Count} flows\n{Node.Log}");
        }
    }

    /// <summary>Events before the monitor came: taken when none is under way.</summary>
    private async Task<ulong> OffsetAsync(MonitorFollower monitor)
    {
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            ((ulong sent, ulong missing), long seen) = (Kernel(), monitor.Events);
            await Task.Delay(500);
            if (Kernel() == (sent, missing) && monitor.Events == seen)
            {
                return sent + missing - (ulong)seen;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"no quiet moment: {Kernel()}");
        }
    }

    /// <summary>Sends a packet of its own and waits for its last flow; the number of flows up to it, 0 if it was lost.</summary>
    private async Task<ulong> MarkAsync()
    {
        int from = Math.Max(0, _flows.Count - 8);
        ushort mark = ++_mark;
        _client.Send(_packet.UdpPorts(mark, 7).Build());
        return (ulong)(1 + await _flows.TryUntilAsync(from, f => IsMark(f, mark), TimeSpan.FromSeconds(5)));
    }

    private static bool IsMark(Flow flow, ushort mark) => flow.L4?.UDP?.SourcePort == mark && flow.EventType is { Type: 4, SubType: 0 };

    /// <summary>Sends until this many more packets have come by the programs: a full queue of the kernel loses some before.</summary>
    private void Flood(ushort port, ulong packets)
    {
        byte[] frame = _packet.UdpPorts(port, 7).Build();
        for (ulong before = Packets(port), came = 0; came < packets; came = Packets(port) - before)
        {
            for (ulong i = came; i < packets; i++)
            {
                _client.Send(frame);
            }
        }
    }

    /// <summary>Packets of the connection with this port.</summary>
    private ulong Packets(ushort port) => _maps.Conntrack.Entries().Where(e => e.Key.LowPort.Value == port || e.Key.HighPort.Value == port).Aggregate(0ul, (sum, e) => sum + e.Value.Initiator.Packets + e.Value.Responder.Packets);

    private (ulong Sent, ulong Missing) Kernel()
    {
        var cpus = new EventCounters[BpfCpu.PossibleCount];
        Assert.True(_maps.EventCounters.TryLookup(0, cpus));
        return (cpus.Aggregate(0ul, (sum, c) => sum + c.Sent), cpus.Aggregate(0ul, (sum, c) => sum + c.Lost + c.Limited));
    }

    private async Task<ulong> MetricAsync()
    {
        (int code, string text) = await Node.RunAsync("curl -s http://127.0.0.1:9965/metrics");
        string? line = text.Split('\n').FirstOrDefault(l => l.StartsWith("hubble_lost_events_total{source=\"perf_event_ring_buffer\"} ", StringComparison.Ordinal));
        Assert.True(code == 0 && line is not null, text);
        return ulong.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private async Task<ulong> StatusAsync(string count) => (ulong)(await Node.GetAsync("/v1/status"))["hubble"]![count]!;

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", Node.AgentPid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task UntilAsync<T>(string what, Func<T> value, Func<T> wanted)
        where T : IEquatable<T>
    {
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            T before = value();
            if (before.Equals(wanted()))
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"{what}: {value()}, not {wanted()}");
            await Task.Delay(20);
        }
    }

    private static byte[] Bytes(ByteArray6 value) => MemoryMarshal.AsBytes(new ReadOnlySpan<ByteArray6>(in value)).ToArray();

    /// <param name="Sent">Events that the programs wrote.</param>
    /// <param name="Missing">Events that they could not write.</param>
    /// <param name="Flows">Flows of those that they wrote.</param>
    private sealed record Moment(ulong Sent, ulong Missing, int Flows);
}
