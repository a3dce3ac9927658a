using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Assembly;

/// <summary>What an event of the datapath says beside the packet, in this project's words.</summary>
public ref struct FlowInput
{
    public FlowEventType Type;

    /// <summary>Trace point, drop reason, or policy match type.</summary>
    public byte SubType;

    /// <summary>ns since 1970.</summary>
    public long TimeNs;

    /// <summary>The same moment on CLOCK_MONOTONIC in ns, which nobody sets back: who had which address is asked for it. 0: now.</summary>
    public long Moment;

    /// <summary>Device of the hook.</summary>
    public uint Ifindex;

    /// <summary>Local endpoint concerned; 0: none.</summary>
    public uint EndpointId;

    /// <summary>0: not known at that place.</summary>
    public uint SourceIdentity;

    /// <summary>0: not known at that place.</summary>
    public uint DestinationIdentity;
    public uint PacketLength;
    public ushort Cpu;
    public ReplyState Reply;
    public Verdict Verdict;
    public TraceReason TraceReason;

    /// <summary>Of the packet (not of its connection) seen from the local endpoint; unknown: worked out from the endpoint.</summary>
    public TrafficDirection Direction;

    /// <summary>Reason of a drop; 0: none.</summary>
    public byte DropReason;
    public byte PolicyMatch;
    public ushort ProxyPort;

    /// <summary>Number of the rule that decided; 0: none.</summary>
    public uint Rule;

    /// <summary>Source file of a drop, or null.</summary>
    public string? File;
    public uint Line;
    public bool Encrypted;
}
