using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>A network interface as the kernel describes it.</summary>
public sealed record Link
{
    /// <summary>The interface index, unique in its namespace.</summary>
    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>The driver's kind, e.g. <c>veth</c>; null for physical and loopback devices.</summary>
    public string? Kind { get; init; }

    public LinkFlags Flags { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public uint Mtu { get; init; }

    /// <summary>Ethernet address; null where the link layer has none of 6 octets.</summary>
    public MacAddress? Address { get; init; }

    /// <summary>Index of the bridge or bond this link belongs to; 0 for none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>Index of the peer (veth) or the lower device; 0 for none. Meaningful in namespace <see cref="PeerNamespaceId"/> when that is set.</summary>
    public int ParentIndex { get; init; }

    /// <summary>The id, in this namespace, of the namespace where <see cref="ParentIndex"/> lives; null when it is this one.</summary>
    public int? PeerNamespaceId { get; init; }

    public OperationalState State { get; init; }

    public bool Carrier { get; init; }

    public string? Alias { get; init; }

    public IReadOnlyList<string> AlternativeNames { get; init; } = [];

    public uint TransmitQueues { get; init; }

    public uint ReceiveQueues { get; init; }

    public uint TransmitQueueLength { get; init; }

    /// <summary>Largest super-packet in bytes handed to the device for segmentation.</summary>
    public uint GsoMaxSize { get; init; }

    public uint GsoMaxSegments { get; init; }

    /// <summary>Largest super-packet in bytes built on receive.</summary>
    public uint GroMaxSize { get; init; }

    public uint GsoIpv4MaxSize { get; init; }

    public uint GroIpv4MaxSize { get; init; }

    public uint TsoMaxSize { get; init; }

    /// <summary>Id of the attached XDP program; 0 for none.</summary>
    public uint XdpProgramId { get; init; }

    /// <summary>Settings of a VXLAN device; null for other kinds.</summary>
    public VxlanSettings? Vxlan { get; init; }

    /// <summary>Settings of a bridge; null for other kinds.</summary>
    public BridgeSettings? Bridge { get; init; }

    public LinkStatistics Statistics { get; init; }

    public bool IsUp => (Flags & LinkFlags.Up) != 0;
}

/// <summary>Counters of a link since it was created.</summary>
public readonly record struct LinkStatistics(
    ulong ReceivedPackets, ulong SentPackets, ulong ReceivedBytes, ulong SentBytes,
    ulong ReceiveErrors, ulong SendErrors, ulong ReceiveDropped, ulong SendDropped, ulong Multicast);
