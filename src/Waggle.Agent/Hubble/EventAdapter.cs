using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;
using Change = Waggle.Hubble.Protocol.Flows.Membership.Types.Change;
using Direction = Waggle.Hubble.Protocol.Flows.TrafficDirection;
using Dropped = Waggle.Datapath.Abi.DropReason;
using Reason = Waggle.Hubble.Protocol.Flows.TraceReason;

namespace Waggle.Agent.Hubble;

/// <summary>The datapath's events in the words of flows.</summary>
internal sealed class EventAdapter(FlowPipeline pipeline, LocalEndpoints endpoints) : IEventTap
{
    private readonly FlowClock _clock = new();

    public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
    {
        FlowInput input = Input(in drop.Header, FlowEventType.Drop, drop.Reason, drop.Packet.PacketLength);
        input.Verdict = Verdict.Dropped;
        input.DropReason = drop.Reason;
        input.Direction = Of(drop.Direction);
        input.File = SourceFiles.NameOf(drop.File);
        input.Line = drop.Line;
        input.Rule = drop.Rule;
        pipeline.OnPacket(in input, packet);
    }

    public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
    {
        if (!IsIp(packet))
        {
            return; // ARP and the like belong to the link, not to a flow; a drop of such a frame is told all the same
        }

        FlowInput input = Input(in trace.Header, FlowEventType.Trace, trace.Point, trace.Packet.PacketLength);
        input.Verdict = trace.Point == (byte)TracePoint.ToProxy ? Verdict.Redirected : Verdict.Forwarded;
        input.TraceReason = (Reason)trace.Reason;
        input.Reply = trace.Reason == 0 ? ReplyState.Unknown : trace.IsReply != 0 ? ReplyState.Yes : ReplyState.No;
        pipeline.OnPacket(in input, packet);
    }

    public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
    {
        FlowInput input = Input(in verdict.Header, FlowEventType.PolicyVerdict, 0, verdict.Packet.PacketLength);
        input.Verdict = (PolicyAction)verdict.Action switch
        {
            PolicyAction.Deny => Verdict.Dropped,
            PolicyAction.Redirect => Verdict.Redirected,
            PolicyAction.Audit => Verdict.Audit,
            _ => Verdict.Forwarded,
        };
        // As the drop that follows says it: nothing allows it, or a rule denies it.
        input.DropReason = (byte)(input.Verdict != Verdict.Dropped ? Dropped.None : verdict.Match == (byte)PolicyMatch.None ? Dropped.PolicyDenied : Dropped.PolicyDeny);
        input.Direction = Of(verdict.Direction);
        input.PolicyMatch = verdict.Match;
        input.ProxyPort = verdict.ProxyPort;
        input.Rule = verdict.Rule;
        // Policy is asked for the first packet. Whether one that it refused would have been an answer, nobody knows.
        input.Reply = input.Verdict == Verdict.Dropped ? ReplyState.Unknown : ReplyState.No;
        if (verdict.RemoteIdentity != 0 && input.Direction == Direction.Ingress)
        {
            input.SourceIdentity = verdict.RemoteIdentity;
        }
        else if (verdict.RemoteIdentity != 0)
        {
            input.DestinationIdentity = verdict.RemoteIdentity;
        }

        pipeline.OnPacket(in input, packet);
    }

    public void OnMembership(in MembershipEvent membership)
    {
        if (membership.Header.EndpointId == 0)
        {
            return; // another node: it tells of its member itself
        }

        FlowInput input = Input(in membership.Header, FlowEventType.Membership, membership.Change, 0);
        var group = new FlowAddress(membership.Group.High.Value, membership.Group.Low.Value);
        pipeline.OnMembership(in input, group, (Change)membership.Change, membership.Compat, membership.FilterMode == (byte)FilterMode.Include ? (byte)1 : (byte)2);
    }

    public void OnLost(ulong count) => pipeline.OnLost(LostEventSource.PerfEventRingBuffer, count, FlowClock.NowNs());

    private FlowInput Input(in EventHeader header, FlowEventType type, byte subType, uint length)
    {
        endpoints.CatchUp(); // the packet's pods are in the table, but maybe not yet here
        return new FlowInput
        {
            Type = type, SubType = subType, TimeNs = _clock.UnixNs(header.Timestamp), Moment = (long)header.Timestamp, Ifindex = header.Ifindex, EndpointId = header.EndpointId, Cpu = (ushort)header.Cpu,
            SourceIdentity = header.SourceIdentity, DestinationIdentity = header.DestinationIdentity, PacketLength = length,
        };
    }

    private static bool IsIp(ReadOnlySpan<byte> packet) => packet.Length >= 14 && System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(packet[12..]) is 0x0800 or 0x86dd or 0x8100;

    private static Direction Of(byte direction) => direction switch { 1 => Direction.Ingress, 2 => Direction.Egress, _ => Direction.Unknown };
}
