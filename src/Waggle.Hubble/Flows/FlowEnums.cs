namespace Waggle.Hubble.Flows;

/// <summary>What a record of the ring is.</summary>
public enum FlowRecordKind : byte
{
    /// <summary>A flow.</summary>
    Flow = 0,

    /// <summary>A note that events were lost here: <see cref="FlowRecord.LostCount"/> and <see cref="FlowRecord.LostSource"/> hold.</summary>
    Lost = 1,
}

/// <summary>Kinds of events; numbers as in <c>event_type.type</c>.</summary>
public enum FlowEventType : byte
{
    Unknown = 0,
    Drop = 1,
    Debug = 2,
    Capture = 3,
    Trace = 4,
    PolicyVerdict = 5,
    Recorder = 6,
    TraceSock = 7,

    /// <summary>Waggle: a multicast membership changed.</summary>
    Membership = 64,
    AccessLog = 129,
    Agent = 130,
}

/// <summary>Whether a packet answers.</summary>
public enum ReplyState : byte
{
    /// <summary>Nobody can say.</summary>
    Unknown = 0,
    No = 1,
    Yes = 2,
}

/// <summary>Header bits of a TCP segment, as on the wire (RFC 9293, with NS in bit 8).</summary>
[Flags]
public enum TcpFlagBits : ushort
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
    Urg = 32,
    Ece = 64,
    Cwr = 128,
    Ns = 256,
}

/// <summary>IP protocol numbers that flows tell apart.</summary>
public static class IpProtocol
{
    public const byte Icmp = 1;
    public const byte Igmp = 2;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte IcmpV6 = 58;
    public const byte Vrrp = 112;
    public const byte Sctp = 132;
}
