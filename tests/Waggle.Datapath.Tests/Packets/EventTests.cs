using System.Runtime.InteropServices;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

/// <summary>What the programs tell: drop, trace and membership events, and that what they do not tell is counted.</summary>
public sealed class EventTests
{
    [Fact]
    public void Event_Drop_SaysWhoWhyWhereAndShowsThePacket()
    {
        using var pod = new PodHook();
        var packet = PacketBuilder.Ip("10.0.1.99", Configs.Other4).UdpPorts(1, 2, payload: 200).Build();
        var record = Assert.Single(Events(pod, () => pod.FromPod(packet)));
        var drop = MemoryMarshal.Read<DropEvent>(record);
        Assert.Equal(((byte)EventType.Drop, (byte)AbiConstants.EventVersion, (ushort)record.Length), (drop.Header.Type, drop.Header.Version, drop.Header.Length));
        Assert.Equal((11u, 1001u, 1u), (drop.Header.EndpointId, drop.Header.SourceIdentity, drop.Header.Ifindex));
        Assert.Equal(((byte)DropReason.InvalidSourceIp, (byte)TrafficDirection.Egress, (ushort)SourceFile.Pod), (drop.Reason, drop.Direction, drop.File));
        Assert.NotEqual(0u, drop.Line);
        Assert.InRange(drop.Header.Timestamp, 1ul, ulong.MaxValue);
        Assert.Equal(((uint)packet.Length, 128u), (drop.Packet.PacketLength, drop.Packet.Captured));
        Assert.Equal(packet[..128], ((ReadOnlySpan<byte>)drop.Packet.Data).ToArray());
    }

    [Fact]
    public void Event_Drop_ShortPacketCapturedWhole()
    {
        using var pod = new PodHook();
        var packet = PacketBuilder.Raw(0x88cc, new byte[30]).Build();
        var drop = MemoryMarshal.Read<DropEvent>(Assert.Single(Events(pod, () => pod.FromPod(packet))));
        Assert.Equal(((uint)packet.Length, (uint)packet.Length), (drop.Packet.PacketLength, drop.Packet.Captured));
    }

    [Fact]
    public void Event_Handled_MakesNoDropEvent()
    {
        using var pod = new PodHook();
        Assert.Empty(Events(pod, () => pod.FromPod(PacketBuilder.ArpRequest(Mac.Pod, Configs.Pod4, Configs.Pod4))));
    }

    [Fact]
    public void Event_Trace_OnlyThePointsAskedFor()
    {
        using var pod = new PodHook(Configs.Tunnel with { TracePoints = (1u << (int)TracePoint.FromEndpoint) | (1u << (int)TracePoint.ToOverlay) });
        var records = Events(pod, () =>
        {
            pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Other4).UdpPorts(1, 2));
            pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1, 2));
        }).Select(r => MemoryMarshal.Read<TraceEvent>(r)).ToList();
        Assert.Equal([(byte)TracePoint.FromEndpoint, (byte)TracePoint.FromEndpoint, (byte)TracePoint.ToOverlay], records.Select(r => r.Point));
        Assert.Equal((40u, 2001u), (records[2].TargetIfindex, records[2].Header.DestinationIdentity));
    }

    [Fact]
    public void Event_TracePaused_NoneUntilItGoesOnButDropsAreTold()
    {
        using var pod = new PodHook(Configs.Tunnel with { TracePoints = 1u << (int)TracePoint.ToOverlay });
        var state = pod.Hook.Map<uint, TraceState>("trace_state");
        state.Update(0, new TraceState { Paused = 1 });
        var paused = Events(pod, () =>
        {
            pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1, 2));
            pod.FromPod(PacketBuilder.Ip("10.0.1.99", Configs.Remote4).UdpPorts(1, 2));
        });
        Assert.Equal((byte)EventType.Drop, MemoryMarshal.Read<EventHeader>(Assert.Single(paused)).Type);
        state.Update(0, default);
        Assert.Equal((byte)EventType.Trace, MemoryMarshal.Read<EventHeader>(Assert.Single(Events(pod, () => pod.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1, 2))))).Type);
    }

    [Fact]
    public void Event_Membership_JoinFilterLeave()
    {
        using var pod = new PodHook(Configs.Tunnel with { EventRate = 0 });
        pod.Hook.AddGroup("239.1.1.1");
        var records = Events(pod, () =>
        {
            pod.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(GroupRecordType.ToExclude, "239.1.1.1")));
            pod.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(GroupRecordType.IsExclude, "239.1.1.1")));
            pod.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(GroupRecordType.ToInclude, "239.1.1.1", "10.1.1.1")));
            pod.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(GroupRecordType.ToInclude, "239.1.1.1")));
        }).Select(r => MemoryMarshal.Read<MembershipEvent>(r)).ToList();
        Assert.Equal([(byte)MembershipChange.Join, (byte)MembershipChange.Filter, (byte)MembershipChange.Leave], records.Select(r => r.Change));
        Assert.All(records, r => Assert.Equal(
            ((byte)EventType.Membership, 1u, Hook.Addr("239.1.1.1"), (byte)MembershipCompat.Igmp3, 11u), (r.Header.Type, r.Slot, r.Group, r.Compat, r.Header.EndpointId)));
        Assert.Equal([(byte)FilterMode.Exclude, (byte)FilterMode.Include, (byte)FilterMode.Include], records.Select(r => r.FilterMode));
    }

    [Fact]
    public void Event_Debug_TellsEachStepOfAPacket()
    {
        using var pod = new PodHook(Configs.Tunnel with { Debug = 1, ConntrackEnabled = 1, CtTimeoutAny = 60 });
        var packet = PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1234, 53).Build();
        var records = Events(pod, () =>
        {
            pod.FromPod(packet);
            pod.FromPod(packet);
        }).ConvertAll(r => MemoryMarshal.Read<DebugEvent>(r));
        Assert.All(records, r => Assert.Equal(((byte)EventType.Debug, (ushort)Marshal.SizeOf<DebugEvent>(), 11u, 1001u), (r.Header.Type, r.Header.Length, r.Header.EndpointId, r.Header.SourceIdentity)));
        Assert.Single(records.Select(r => r.Hash).Distinct());
        Assert.Equal(
            [
                DebugMessage.IpIdMapSucceed4, DebugMessage.CtLookup41, DebugMessage.CtLookup42, DebugMessage.CtVerdict, DebugMessage.CtCreated4, DebugMessage.Encap,
                DebugMessage.IpIdMapSucceed4, DebugMessage.CtLookup41, DebugMessage.CtLookup42, DebugMessage.CtVerdict, DebugMessage.Encap,
            ],
            records.Select(r => (DebugMessage)r.Message));
        Assert.Equal((Tail(Configs.Remote4), 2001u), (records[0].Arg1, records[0].Arg2));
        Assert.Equal((Tail(Configs.Pod4), Tail(Configs.Remote4), (53u << 16) | 1234), (records[1].Arg1, records[1].Arg2, records[1].Arg3));
        Assert.Equal((17u << 8, 0u, 1001u, 1u), (records[2].Arg1, records[3].Arg1, records[4].Arg2, records[9].Arg1));
        Assert.Equal(1001u, records[5].Arg2);
    }

    [Fact]
    public void Event_DebugOff_LeavesNothingOfItInTheProgram()
    {
        using PodHook off = new(Configs.Tunnel), on = new(Configs.Tunnel with { Debug = 1 });
        Assert.Empty(Events(off, () => off.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1, 2))));
        Assert.NotEmpty(Events(on, () => on.FromPod(PacketBuilder.Ip(Configs.Pod4, Configs.Remote4).UdpPorts(1, 2))));
        var (without, with) = (off.Hook.Program("from_pod").GetInfo().InstructionCount, on.Hook.Program("from_pod").GetInfo().InstructionCount);
        Assert.True(with - without > 50, $"{without} instructions without, {with} with");
        TestContext.Current.TestOutputHelper?.WriteLine($"{without} instructions without, {with} with");
    }

    private static uint Tail(string address) => BitConverter.ToUInt32(System.Net.IPAddress.Parse(address).GetAddressBytes());

    [Fact]
    public void Event_Flood_LimitedAndCounted()
    {
        using var pod = new PodHook(Configs.Tunnel with { EventRate = 1, EventBurst = 10 });
        var packet = PacketBuilder.Ip("10.0.1.99", Configs.Other4).UdpPorts(1, 2).Build();
        var told = Events(pod, () => Enumerable.Range(0, 200).ToList().ForEach(_ => pod.FromPod(packet))).Count;
        var counters = new EventCounters[BpfCpu.PossibleCount];
        pod.Hook.RawMap("event_counters").AsPerCpu<uint, EventCounters>().TryLookup(0, counters);
        Assert.InRange(told, 1, 100);
        Assert.Equal(200ul, (ulong)told + counters.Aggregate(0ul, (s, c) => s + c.Limited));
    }

    private static List<byte[]> Events(PodHook pod, Action action)
    {
        List<byte[]> records = [];
        using var ring = new RingBuffer(pod.Hook.RawMap("events"), record => records.Add(record.ToArray()));
        action();
        ring.Consume();
        return records;
    }
}
