using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>An entry of the ARP or neighbour discovery table.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Address">The neighbour.</param>
public sealed record Neighbour(int LinkIndex, IPAddress Address)
{
    /// <summary>Its Ethernet address; null for an incomplete or a proxy entry.</summary>
    public MacAddress? MacAddress { get; init; }

    public NeighbourState State { get; init; } = NeighbourState.Permanent;

    public NeighbourFlags Flags { get; init; }

    /// <summary>The kernel finds the Ethernet address by itself and keeps it fresh (NTF_EXT_MANAGED, Linux 5.16). Give <see cref="NeighbourState.None"/> and no address.</summary>
    public bool Managed { get; init; }
}

/// <summary>An entry of a bridge's or a VXLAN device's forwarding table.</summary>
/// <param name="LinkIndex">The bridge port or the VXLAN device.</param>
/// <param name="MacAddress">The destination; all zero on a VXLAN device is "everything unknown".</param>
public sealed record ForwardingEntry(int LinkIndex, MacAddress MacAddress)
{
    /// <summary>VXLAN: the remote tunnel end.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>VXLAN: its UDP port.</summary>
    public ushort? Port { get; init; }

    /// <summary>VXLAN: the network.</summary>
    public uint? Vni { get; init; }

    public ushort? Vlan { get; init; }

    public int MasterIndex { get; init; }

    public NeighbourState State { get; init; } = NeighbourState.NoArp | NeighbourState.Permanent;

    /// <summary><see cref="NeighbourFlags.Self"/> for the device's own table (VXLAN), <see cref="NeighbourFlags.Master"/> for its bridge's.</summary>
    public NeighbourFlags Flags { get; init; } = NeighbourFlags.Self;
}

/// <summary>State of a neighbour (NUD_*).</summary>
[Flags]
public enum NeighbourState : ushort
{
    None = 0,
    Incomplete = 1,
    Reachable = 2,
    Stale = 4,
    Delay = 8,
    Probe = 16,
    Failed = 32,
    NoArp = 64,
    Permanent = 128,
}

/// <summary>Flags of a neighbour (NTF_*).</summary>
[Flags]
public enum NeighbourFlags : byte
{
    None = 0,
    Use = 1,
    Self = 2,
    Master = 4,

    /// <summary>This machine answers for the address.</summary>
    Proxy = 8,
    ExternallyLearned = 16,
    Offloaded = 32,
    Sticky = 64,
    Router = 128,
}
