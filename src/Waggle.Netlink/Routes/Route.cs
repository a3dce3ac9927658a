using System.Net;

namespace Waggle.Netlink;

/// <summary>A route, IPv4 or IPv6.</summary>
/// <param name="Destination">The destination prefix; <c>0.0.0.0/0</c> or <c>::/0</c> for a default route.</param>
public sealed record Route(IPNetwork Destination)
{
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>The routing table; see <see cref="RouteTable"/>.</summary>
    public uint Table { get; init; } = RouteTable.Main;

    /// <summary>Who made the route.</summary>
    public RouteProtocol Protocol { get; init; } = RouteProtocol.Static;

    /// <summary>Null derives it: host for local addresses, link without a gateway, universe otherwise. IPv6 has none.</summary>
    public RouteScope? Scope { get; init; }

    /// <summary>Next hop; may be of the other family (RFC 8950 style, IPv4 by way of an IPv6 next hop).</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The link to send through.</summary>
    public int? LinkIndex { get; init; }

    /// <summary>Source address this machine prefers for the route.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Metric: of two routes to one prefix the lower wins.</summary>
    public uint? Priority { get; init; }

    /// <summary>Largest packet in bytes on this route.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Holds the MTU against path MTU discovery.</summary>
    public bool LockMtu { get; init; }

    /// <summary>TCP segment size to advertise, in bytes.</summary>
    public uint? AdvertisedMss { get; init; }

    /// <summary>Takes the gateway for reachable on the link even if no route says so.</summary>
    public bool OnLink { get; init; }

    /// <summary>Several next hops instead of one (ECMP).</summary>
    public IReadOnlyList<NextHop> NextHops { get; init; } = [];

    public bool IsDefault => Destination.PrefixLength == 0;
}

/// <summary>One of several next hops.</summary>
/// <param name="Gateway">The router; null for destinations on the link.</param>
/// <param name="LinkIndex">The link.</param>
/// <param name="Weight">Share of the traffic, 1 to 256.</param>
/// <param name="OnLink">As <see cref="Route.OnLink"/>.</param>
public sealed record NextHop(IPAddress? Gateway, int? LinkIndex, int Weight = 1, bool OnLink = false);

/// <summary>Well-known routing tables.</summary>
public static class RouteTable
{
    public const uint Default = 253;
    public const uint Main = 254;
    public const uint Local = 255;
}

/// <summary>What a route does with packets (RTN_*).</summary>
public enum RouteType : byte
{
    Unspecified = 0,
    Unicast = 1,
    Local = 2,
    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,

    /// <summary>Drops silently.</summary>
    Blackhole = 6,

    /// <summary>Answers ICMP host unreachable.</summary>
    Unreachable = 7,

    /// <summary>Answers ICMP administratively prohibited.</summary>
    Prohibit = 8,
    Throw = 9,
}

/// <summary>How far away a destination is (RT_SCOPE_*).</summary>
public enum RouteScope : byte
{
    Universe = 0,
    Site = 200,
    Link = 253,
    Host = 254,
    Nowhere = 255,
}

/// <summary>Who made a route (RTPROT_*). Other numbers are free for one's own use.</summary>
public enum RouteProtocol : byte
{
    Unspecified = 0,
    Redirect = 1,
    Kernel = 2,
    Boot = 3,
    Static = 4,
    RouterAdvertisement = 9,
    Bird = 12,
    Bgp = 186,
}
