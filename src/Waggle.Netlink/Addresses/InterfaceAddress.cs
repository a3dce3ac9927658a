using System.Net;

namespace Waggle.Netlink;

/// <summary>An address of a link.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="PrefixLength">Length of the on-link prefix, in bits.</param>
public sealed record InterfaceAddress(int LinkIndex, IPAddress Address, int PrefixLength)
{
    /// <summary>The other end of a point-to-point link; null when there is none.</summary>
    public IPAddress? Peer { get; init; }

    public IPAddress? Broadcast { get; init; }

    /// <summary>IPv4 only: the name ifconfig shows, the link's name or that with a colon and a suffix.</summary>
    public string? Label { get; init; }

    public RouteScope Scope { get; init; }

    public AddressFlags Flags { get; init; }

    /// <summary>Metric of the prefix route.</summary>
    public uint? RoutePriority { get; init; }

    /// <summary>Null for ever.</summary>
    public TimeSpan? ValidLifetime { get; init; }

    /// <summary>Null for ever.</summary>
    public TimeSpan? PreferredLifetime { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>Flags of an address (linux/if_addr.h).</summary>
[Flags]
public enum AddressFlags : uint
{
    None = 0,
    Secondary = 1,

    /// <summary>IPv6: no duplicate address detection; usable at once.</summary>
    NoDuplicateDetection = 2,
    Optimistic = 4,
    DuplicateDetectionFailed = 8,
    Deprecated = 0x20,
    Tentative = 0x40,
    Permanent = 0x80,
    ManageTemporary = 0x100,

    /// <summary>No route to the prefix is made.</summary>
    NoPrefixRoute = 0x200,
}
