using System.Net;
using System.Net.Sockets;

namespace Waggle.Netlink;

/// <summary>A rule of policy routing: which table decides for which packets.</summary>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="Priority">Rules are asked in this order, lowest first; 0 is the local table's.</param>
public sealed record RoutingRule(AddressFamily Family, uint Priority)
{
    public RuleAction Action { get; init; } = RuleAction.ToTable;

    public uint Table { get; init; } = RouteTable.Main;

    public IPNetwork? From { get; init; }

    public IPNetwork? To { get; init; }

    /// <summary>Packet mark to match under <see cref="MarkMask"/>.</summary>
    public uint? Mark { get; init; }

    public uint? MarkMask { get; init; }

    public string? InputInterface { get; init; }

    public string? OutputInterface { get; init; }

    public bool Invert { get; init; }

    /// <summary>Ignores a match of the table whose prefix is this short or shorter, in bits.</summary>
    public int? SuppressPrefixLength { get; init; }

    public RouteProtocol Protocol { get; init; } = RouteProtocol.Static;
}

/// <summary>What a matching rule does (FR_ACT_*).</summary>
public enum RuleAction : byte
{
    ToTable = 1,
    Goto = 2,
    Nop = 3,
    Blackhole = 6,
    Unreachable = 7,
    Prohibit = 8,
}
