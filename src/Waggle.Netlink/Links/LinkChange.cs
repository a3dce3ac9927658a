using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>What to change on a link, all in one request; null leaves as it is.</summary>
public sealed record LinkChange
{
    /// <summary>New name; the kernel renames a link that is up only since 6.3 or so without <c>live_addr_change</c>.</summary>
    public string? Name { get; init; }

    public bool? Up { get; init; }

    public uint? Mtu { get; init; }

    public MacAddress? Address { get; init; }

    /// <summary>Index of the bridge to join; 0 to leave.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>Moves the link to another namespace. Its addresses and routes are lost and it is down there.</summary>
    public NetworkNamespace? Namespace { get; init; }

    public bool? Arp { get; init; }

    public bool? Promiscuous { get; init; }

    public bool? AllMulticast { get; init; }

    public bool? Multicast { get; init; }

    public string? Alias { get; init; }

    public uint? TransmitQueueLength { get; init; }

    public uint? GsoMaxSize { get; init; }

    public uint? GsoMaxSegments { get; init; }

    public uint? GroMaxSize { get; init; }

    public uint? GsoIpv4MaxSize { get; init; }

    public uint? GroIpv4MaxSize { get; init; }

    public Ipv6AddressGeneration? Ipv6AddressGeneration { get; init; }

    /// <summary>Settings to change on a bridge.</summary>
    public BridgeSettings? Bridge { get; init; }
}

/// <summary>How link-local IPv6 addresses are made (linux/if_link.h).</summary>
public enum Ipv6AddressGeneration : byte
{
    Eui64 = 0,
    None = 1,
    StablePrivacy = 2,
    Random = 3,
}

/// <summary>Settings of a bridge's port; null leaves as it is.</summary>
public sealed record BridgePortSettings
{
    /// <summary>Send frames back out of the port they came from.</summary>
    public bool? Hairpin { get; init; }

    public bool? Learning { get; init; }

    public bool? UnicastFlood { get; init; }

    public bool? MulticastFlood { get; init; }

    public bool? BroadcastFlood { get; init; }

    public bool? FastLeave { get; init; }

    public bool? Isolated { get; init; }

    public bool? NeighbourSuppression { get; init; }

    public bool? BpduGuard { get; init; }

    /// <summary>0 never, 1 learnt, 2 always a multicast router.</summary>
    public byte? MulticastRouter { get; init; }

    /// <summary>Spanning tree state: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking.</summary>
    public byte? State { get; init; }

    public uint? Cost { get; init; }
}
