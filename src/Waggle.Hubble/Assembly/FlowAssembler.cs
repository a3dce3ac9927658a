using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Assembly;

/// <summary>
/// Makes a flow of an event: (1) the packet's headers, (2) who the two sides are now, (3) what decided, (4) which way the connection
/// goes. Allocates nothing.
/// </summary>
public sealed class FlowAssembler(IFlowMetadata metadata)
{
    /// <summary>Identities of pods; with any other the datapath says that it does not know the pod.</summary>
    private const uint FirstOfPods = 256, LastOfPods = (1 << 24) - 1;

    /// <summary>Fills a record; whatever was in it is gone.</summary>
    public void Assemble(in FlowInput input, ReadOnlySpan<byte> packet, ref FlowRecord record)
    {
        record = default;

        // 1. The packet.
        PacketParser.Parse(packet, metadata.TunnelPort, ref record);
        record.TimeNs = input.TimeNs;
        record.Node = metadata.Node;
        record.EventType = input.Type;
        record.SubType = input.SubType;
        record.FlowType = FlowType.L3L4;
        record.Cpu = input.Cpu;
        record.PacketLength = input.PacketLength;
        record.Encrypted = input.Encrypted;
        record.Interface = metadata.Interface(input.Ifindex);

        // 2. The sides.
        record.SourceEndpoint = Side(record.Source, input.SourceIdentity, input.Moment, out record.SourceIdentity);
        record.DestinationEndpoint = Side(record.Destination, input.DestinationIdentity, input.Moment, out record.DestinationIdentity);
        if (LeavesEndpoint(input) && metadata.ByEndpoint(input.EndpointId) is { } sender)
        {
            record.SourceEndpoint = sender; // whatever source address the packet has
        }

        (ushort from, ushort to) = record.HasPorts ? (record.SourcePort, record.DestinationPort) : ((ushort)0, (ushort)0);
        record.SourceService = metadata.Service(record.Source, from, record.Protocol);
        record.DestinationService = metadata.Service(record.Destination, to, record.Protocol);
        record.SourceNames = metadata.Names(record.Source);
        record.DestinationNames = metadata.Names(record.Destination);

        // 3. The decision.
        record.Verdict = input.Verdict;
        record.DropReason = input.DropReason;
        record.PolicyMatch = input.PolicyMatch;
        record.ProxyPort = input.ProxyPort;
        record.File = input.File;
        record.Line = input.Line;
        record.TraceReason = input.TraceReason;
        record.Reply = input.Reply;
        if (input.Rule != 0)
        {
            record.Policies = metadata.Rule(input.Rule);
        }

        // 4. The direction.
        record.Direction = Direction(input, record);
    }

    /// <summary>A change of a group's membership as a flow: from the pod that reported to the group.</summary>
    public void AssembleMembership(in FlowInput input, FlowAddress group, Membership.Types.Change change, byte protocol, byte filterMode, ref FlowRecord record)
    {
        record = default;
        record.TimeNs = input.TimeNs;
        record.Node = metadata.Node;
        record.EventType = FlowEventType.Membership;
        record.SubType = (byte)change;
        record.FlowType = FlowType.L3L4;
        record.Cpu = input.Cpu;
        record.Verdict = Verdict.Forwarded;
        record.Direction = TrafficDirection.Egress;
        record.Interface = metadata.Interface(input.Ifindex);
        record.SourceEndpoint = metadata.ByEndpoint(input.EndpointId) ?? EndpointInfo.None;
        record.SourceIdentity = input.SourceIdentity != 0 ? input.SourceIdentity : record.SourceEndpoint.Identity;
        record.DestinationEndpoint = metadata.ByIdentity(metadata.IdentityOf(group));
        record.DestinationIdentity = record.DestinationEndpoint.Identity;
        record.Destination = group;
        record.IpVersion = group.IsIPv4 ? (byte)4 : (byte)6;
        (record.Protocol, record.IcmpType) = protocol switch
        {
            1 => (IpProtocol.Igmp, (byte)0x12),
            2 => (IpProtocol.Igmp, change == Membership.Types.Change.Join ? (byte)0x16 : (byte)0x17),
            3 => (IpProtocol.Igmp, (byte)0x22),
            4 => (IpProtocol.IcmpV6, change == Membership.Types.Change.Join ? (byte)131 : (byte)132),
            5 => (IpProtocol.IcmpV6, (byte)143),
            _ => ((byte)0, (byte)0),
        };
        record.HasL4 = record.Protocol != 0;
        record.MembershipChange = change;
        record.MembershipProtocol = protocol;
        record.MembershipFilter = filterMode;
    }

    private static TrafficDirection Direction(in FlowInput input, in FlowRecord record)
    {
        var packet = input.Direction;
        if (packet == TrafficDirection.Unknown && input.EndpointId != 0)
        {
            packet = LeavesEndpoint(input) ? TrafficDirection.Egress
                : input is { Type: FlowEventType.Trace, SubType: 0 } ? TrafficDirection.Ingress
                : record.SourceEndpoint.Id == input.EndpointId ? TrafficDirection.Egress
                : record.DestinationEndpoint.Id == input.EndpointId ? TrafficDirection.Ingress : TrafficDirection.Unknown;
        }

        // Policy decides once per connection and drops are judged as they come; others follow the connection's first
        // packet. Where the connection is not known (first seen at this point), the packet is taken for its first.
        if (packet == TrafficDirection.Unknown || input.Type is FlowEventType.PolicyVerdict or FlowEventType.Drop)
        {
            return packet;
        }

        return input.Reply != ReplyState.Yes ? packet : packet == TrafficDirection.Egress ? TrafficDirection.Ingress : TrafficDirection.Egress;
    }

    /// <summary>Whether the event is about what a local endpoint put on its wire: from-endpoint, and sources that it does not have.</summary>
    private static bool LeavesEndpoint(in FlowInput input) => input switch
    {
        { Type: FlowEventType.Trace, SubType: (byte)TraceObservationPoint.FromEndpoint } => true,
        { Type: FlowEventType.Drop, DropReason: (byte)DropReason.InvalidSourceIp, Direction: TrafficDirection.Egress } => true,
        _ => false,
    };

    /// <summary>What is known of an address. The event's identity is the truth of that moment; names come from the tables.</summary>
    private EndpointInfo Side(FlowAddress address, uint eventIdentity, long moment, out uint identity)
    {
        if (address.IsNone)
        {
            identity = eventIdentity;
            return eventIdentity == 0 ? EndpointInfo.None : metadata.ByIdentity(eventIdentity);
        }

        if (metadata.ByAddress(address, moment) is { } known && !IsSomebodyElse(known, eventIdentity))
        {
            identity = eventIdentity != 0 ? eventIdentity : known.Identity;
            return known;
        }

        identity = eventIdentity != 0 ? eventIdentity : metadata.IdentityOf(address);
        return metadata.ByIdentity(identity);
    }

    /// <summary>
    /// Whether a pod of another node is not the one that the packet belongs to: news of pods come after their packets, and the
    /// packet says whose it is. Pods of this node are known before they can send.
    /// </summary>
    private static bool IsSomebodyElse(EndpointInfo known, uint eventIdentity) =>
        known.Id == 0 && known.PodName.Length > 0 && eventIdentity != known.Identity && eventIdentity is >= FirstOfPods and <= LastOfPods;
}
