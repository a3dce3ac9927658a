namespace Waggle.Netlink;

/// <summary>A change in a namespace's network configuration.</summary>
public abstract record RtnlEvent;

/// <summary>Notifications were lost: whoever keeps a copy of a table must list it anew.</summary>
public sealed record ResyncEvent : RtnlEvent;

/// <summary>A link is new or changed, or is gone.</summary>
public sealed record LinkEvent(Link Link, bool Deleted) : RtnlEvent;

/// <summary>An address is new or changed, or is gone.</summary>
public sealed record AddressEvent(InterfaceAddress Address, bool Deleted) : RtnlEvent;

/// <summary>A route is new or changed, or is gone. The kernel does not tell of IPv4 routes that vanish with their link.</summary>
public sealed record RouteEvent(Route Route, bool Deleted) : RtnlEvent;

/// <summary>A rule is new or gone.</summary>
public sealed record RuleEvent(RoutingRule Rule, bool Deleted) : RtnlEvent;

/// <summary>A neighbour is new or changed, or is gone.</summary>
public sealed record NeighbourEvent(Neighbour Neighbour, bool Deleted) : RtnlEvent;

/// <summary>A forwarding entry is new or changed, or is gone.</summary>
public sealed record ForwardingEvent(ForwardingEntry Entry, bool Deleted) : RtnlEvent;

/// <summary>An entry of a bridge's multicast database is new or gone.</summary>
public sealed record MulticastEvent(MulticastEntry Entry, bool Deleted) : RtnlEvent;

/// <summary>What to be told of.</summary>
[Flags]
public enum RtnlGroups
{
    Links = 1,
    Addresses = 2,
    Routes = 4,
    Rules = 8,

    /// <summary>Neighbours and forwarding entries.</summary>
    Neighbours = 16,
    Multicast = 32,
}
