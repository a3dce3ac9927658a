using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>A link to create. What is null is left to the kernel.</summary>
/// <param name="Name">Name, at most 15 bytes.</param>
public abstract record LinkSpec(string Name)
{
    /// <summary>The kind the kernel knows the driver by.</summary>
    public abstract string Kind { get; }

    public int? Index { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public uint? Mtu { get; init; }

    public MacAddress? Address { get; init; }

    /// <summary>Created up instead of down.</summary>
    public bool Up { get; init; }

    /// <summary>Index of the bridge to join.</summary>
    public int? MasterIndex { get; init; }

    public uint? TransmitQueues { get; init; }

    public uint? ReceiveQueues { get; init; }

    public uint? TransmitQueueLength { get; init; }

    public uint? GsoMaxSize { get; init; }

    public uint? GsoMaxSegments { get; init; }

    public uint? GroMaxSize { get; init; }

    public uint? GsoIpv4MaxSize { get; init; }

    public uint? GroIpv4MaxSize { get; init; }
}

/// <summary>A pair of virtual Ethernet devices.</summary>
public sealed record VethSpec(string Name, string PeerName) : LinkSpec(Name)
{
    /// <inheritdoc/>
    public override string Kind => "veth";

    /// <summary>Where the peer is created; null for the same namespace. It never appears anywhere else, not even for a moment.</summary>
    public NetworkNamespace? PeerNamespace { get; init; }

    public uint? PeerMtu { get; init; }

    public MacAddress? PeerAddress { get; init; }

    public bool PeerUp { get; init; }

    public int? PeerIndex { get; init; }
}

/// <summary>A VXLAN device (RFC 7348).</summary>
public sealed record VxlanSpec(string Name) : LinkSpec(Name)
{
    /// <inheritdoc/>
    public override string Kind => "vxlan";

    public VxlanSettings Settings { get; init; } = new();
}

/// <summary>Settings of a VXLAN device; null is the kernel's default when creating.</summary>
public sealed record VxlanSettings
{
    /// <summary>External mode (<c>collect_metadata</c>): VNI and tunnel addresses come with each packet.</summary>
    public bool External { get; init; }

    /// <summary>Virtual network, 0 to 16777215; not in external mode.</summary>
    public uint? Vni { get; init; }

    /// <summary>UDP port. The kernel's own default is 8472, not RFC 7348's 4789.</summary>
    public ushort? Port { get; init; }

    public IPAddress? Local { get; init; }

    /// <summary>Remote address or multicast group.</summary>
    public IPAddress? Group { get; init; }

    /// <summary>Index of the device that carries the tunnel.</summary>
    public int? UnderlayIndex { get; init; }

    public bool? Learning { get; init; }

    public byte? Ttl { get; init; }

    public bool? UdpChecksum { get; init; }

    public bool? ZeroChecksum6Transmit { get; init; }

    public bool? ZeroChecksum6Receive { get; init; }
}

/// <summary>A Linux bridge.</summary>
public sealed record BridgeSpec(string Name) : LinkSpec(Name)
{
    /// <inheritdoc/>
    public override string Kind => "bridge";

    public BridgeSettings Settings { get; init; } = new();
}

/// <summary>Settings of a bridge; null is "leave" when creating or changing.</summary>
public sealed record BridgeSettings
{
    public bool? MulticastSnooping { get; init; }

    public bool? MulticastQuerier { get; init; }

    /// <summary>Most groups (and hash entries) the bridge keeps.</summary>
    public uint? MulticastHashMax { get; init; }

    public byte? IgmpVersion { get; init; }

    public byte? MldVersion { get; init; }

    /// <summary>How long a learnt address lives; 0 makes the bridge flood. Resolution 10 ms.</summary>
    public TimeSpan? Ageing { get; init; }

    /// <summary>Spanning tree's delay before a port forwards; resolution 10 ms.</summary>
    public TimeSpan? ForwardDelay { get; init; }

    public bool? SpanningTree { get; init; }

    public bool? VlanFiltering { get; init; }
}

/// <summary>A link of a kind without settings, e.g. <c>dummy</c> or <c>ifb</c>.</summary>
public sealed record PlainLinkSpec(string Name, string LinkKind) : LinkSpec(Name)
{
    /// <inheritdoc/>
    public override string Kind => LinkKind;
}
