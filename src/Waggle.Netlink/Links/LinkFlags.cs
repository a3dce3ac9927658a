namespace Waggle.Netlink;

/// <summary>Flags of a link (IFF_*, linux/if.h).</summary>
[Flags]
public enum LinkFlags : uint
{
    None = 0,
    Up = 1,
    Broadcast = 2,
    Loopback = 8,
    PointToPoint = 16,
    Running = 64,
    NoArp = 128,
    Promiscuous = 256,
    AllMulticast = 512,
    Multicast = 4096,
    LowerUp = 1 << 16,
}

/// <summary>Operational state (RFC 2863 as linux/if.h numbers it).</summary>
public enum OperationalState : byte
{
    Unknown = 0,
    NotPresent = 1,
    Down = 2,
    LowerLayerDown = 3,
    Testing = 4,
    Dormant = 5,
    Up = 6,
}
