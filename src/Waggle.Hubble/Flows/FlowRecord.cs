using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Flows;

/// <summary>
/// One observed event as it lies in the ring: numbers copied out of the event, and references to immutable metadata as it was at that
/// moment. Large (about 300 bytes): pass it by <c>in</c>. Becomes protobuf (FlowEncoder) only when somebody asks for it.
/// </summary>
public struct FlowRecord
{
    /// <summary>Number in the node's ring, from 1 on without gaps.</summary>
    public ulong Sequence;

    /// <summary>Time of the event, ns since 1970 UTC.</summary>
    public long TimeNs;

    /// <summary>The node's part of the uuid; 0: this flow has none.</summary>
    public ulong UuidSeed;

    /// <summary>Uuid as given by another server; null: it is made from seed and sequence.</summary>
    public string? ForeignUuid;

    /// <summary>Where it was seen.</summary>
    public NodeInfo Node;

    /// <summary>The sender's side as known then; never null.</summary>
    public EndpointInfo SourceEndpoint;

    /// <summary>The receiver's side as known then; never null.</summary>
    public EndpointInfo DestinationEndpoint;

    /// <summary>Service that the source's address belongs to, or null.</summary>
    public ServiceInfo? SourceService;

    /// <summary>Service that was addressed, or null.</summary>
    public ServiceInfo? DestinationService;

    /// <summary>DNS names of the source's address, or null.</summary>
    public IReadOnlyList<string>? SourceNames;

    /// <summary>DNS names of the destination's address, or null.</summary>
    public IReadOnlyList<string>? DestinationNames;

    /// <summary>Policies that decided, or null; whether they allowed or denied, and which side, say verdict and direction.</summary>
    public IReadOnlyList<PolicyInfo>? Policies;

    /// <summary>Whether <see cref="Policies"/> are against it; those of an audited flow would deny it if they were enforced.</summary>
    public readonly bool IsDenied => Verdict is Verdict.Dropped or Verdict.Error or Verdict.Audit;

    /// <summary>Log texts of the rules that decided, or null.</summary>
    public IReadOnlyList<string>? PolicyLog;

    /// <summary>The L7 record (already redacted), or null. Shared: never change it.</summary>
    public Layer7? L7;

    /// <summary>Trace id of an L7 record, or null.</summary>
    public string? TraceId;

    /// <summary>Device of the hook, or null.</summary>
    public InterfaceInfo? Interface;

    /// <summary>Source file of the programs, or null; with <see cref="Line"/>.</summary>
    public string? File;

    public FlowAddress Source;
    public FlowAddress Destination;

    /// <summary>Source after translation; none: not translated.</summary>
    public FlowAddress SourceTranslated;

    /// <summary>Outer addresses of an encapsulated packet.</summary>
    public FlowAddress TunnelSource;
    public FlowAddress TunnelDestination;

    /// <summary>48 bits.</summary>
    public ulong SourceMac;

    /// <summary>48 bits; 0 in both: the event has no Ethernet header.</summary>
    public ulong DestinationMac;

    public ulong SocketCookie;
    public ulong CgroupId;
    public ulong LostCount;

    /// <summary>Events that earlier notes in the ring stand for, each beyond the note itself; set by the ring.</summary>
    public ulong NotedBefore;
    public uint SourceIdentity;
    public uint DestinationIdentity;

    /// <summary>Bytes of the whole packet.</summary>
    public uint PacketLength;

    public uint Line;

    /// <summary>VXLAN network identifier; valid with <see cref="TunnelProtocol"/>.</summary>
    public uint Vni;
    public ushort SourcePort;
    public ushort DestinationPort;
    public ushort ProxyPort;
    public ushort TunnelSourcePort;
    public ushort TunnelDestinationPort;
    public ushort Cpu;

    /// <summary><see cref="TcpFlagBits"/>.</summary>
    public TcpFlagBits TcpFlags;

    /// <summary>IP protocol number (<see cref="IpProtocol"/>); 0 with <see cref="HasL4"/> off.</summary>
    public byte Protocol;

    /// <summary>4 or 6; 0: no IP.</summary>
    public byte IpVersion;

    /// <summary>ICMP, ICMPv6, IGMP type.</summary>
    public byte IcmpType;
    public byte IcmpCode;

    /// <summary>Whether ports, or type and code, are valid (not for later fragments and truncated packets).</summary>
    public bool HasL4;
    public bool Encrypted;
    public FlowRecordKind Kind;
    public FlowEventType EventType;

    /// <summary>Trace point, drop reason, direction of a verdict …, as <c>event_type.sub_type</c>.</summary>
    public byte SubType;

    /// <summary>Number of the drop reason; 0: none.</summary>
    public byte DropReason;

    /// <summary>As <c>policy_match_type</c>.</summary>
    public byte PolicyMatch;
    public ReplyState Reply;
    private byte _verdict;
    private byte _flowType;
    private byte _direction;
    private byte _traceReason;
    private byte _authType;
    private byte _tunnel;
    private byte _sockPoint;
    private byte _lostSource;
    private byte _membershipChange;

    /// <summary>1 IGMPv1, 2 IGMPv2, 3 IGMPv3, 4 MLDv1, 5 MLDv2.</summary>
    public byte MembershipProtocol;

    /// <summary>1 INCLUDE, 2 EXCLUDE.</summary>
    public byte MembershipFilter;

    public Verdict Verdict { readonly get => (Verdict)_verdict; set => _verdict = (byte)value; }

    public FlowType FlowType { readonly get => (FlowType)_flowType; set => _flowType = (byte)value; }

    public TrafficDirection Direction { readonly get => (TrafficDirection)_direction; set => _direction = (byte)value; }

    public TraceReason TraceReason { readonly get => (TraceReason)_traceReason; set => _traceReason = (byte)value; }

    public AuthType AuthType { readonly get => (AuthType)_authType; set => _authType = (byte)value; }

    public Tunnel.Types.Protocol TunnelProtocol { readonly get => (Tunnel.Types.Protocol)_tunnel; set => _tunnel = (byte)value; }

    public SocketTranslationPoint SocketPoint { readonly get => (SocketTranslationPoint)_sockPoint; set => _sockPoint = (byte)value; }

    /// <summary>Events that this record stands for beyond itself.</summary>
    public readonly ulong NotedHere => Kind == FlowRecordKind.Lost && LostCount > 0 ? LostCount - 1 : 0;

    public LostEventSource LostSource { readonly get => (LostEventSource)_lostSource; set => _lostSource = (byte)value; }

    public Membership.Types.Change MembershipChange { readonly get => (Membership.Types.Change)_membershipChange; set => _membershipChange = (byte)value; }

    /// <summary>Where in the datapath it was seen; only trace events have a point.</summary>
    public readonly TraceObservationPoint TracePoint => EventType != FlowEventType.Trace ? TraceObservationPoint.UnknownPoint
        : SubType == 0 ? TraceObservationPoint.ToEndpoint : (TraceObservationPoint)SubType;

    /// <summary>Whether the protocol has ports and they are valid.</summary>
    public readonly bool HasPorts => HasL4 && Protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp && HasL4;
}
