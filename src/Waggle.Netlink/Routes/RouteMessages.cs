using System.Net;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct rtmsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteHeader
{
    public byte Family;
    public byte DestinationLength;
    public byte SourceLength;
    public byte Tos;
    public byte Table;
    public byte Protocol;
    public byte Scope;
    public byte Type;
    public uint Flags;
}

/// <summary>struct rtnexthop (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NextHopHeader
{
    public ushort Length;
    public byte Flags;
    public byte Hops; // weight - 1
    public int LinkIndex;
}

/// <summary>Route requests as bytes.</summary>
internal static partial class RouteMessages
{
    internal static byte[] List(byte family, uint? table)
    {
        var writer = new MessageWriter(Rtm.GETROUTE, MessageFlags.None);
        writer.Fixed(new RouteHeader { Family = family, Table = SmallTable(table ?? 0) });
        if (table is { } number)
            writer.U32(Rta.RTA_TABLE, number);
        return writer.ToArray();
    }

    internal static byte[] Resolve(IPAddress destination, IPAddress? source)
    {
        byte family = Family.Of(destination);
        byte bits = family == Family.Inet ? (byte)32 : (byte)128;
        var writer = new MessageWriter(Rtm.GETROUTE, MessageFlags.None);
        // Without the flag IPv4 answers "main" for every table; IPv6 always names the right one and refuses the flag.
        uint flags = family == Family.Inet ? Rta.RTM_F_LOOKUP_TABLE : 0u;
        writer.Fixed(new RouteHeader { Family = family, DestinationLength = bits, SourceLength = source is null ? (byte)0 : bits, Flags = flags });
        writer.Address(Rta.RTA_DST, destination);
        if (source is not null)
            writer.Address(Rta.RTA_SRC, source);
        return writer.ToArray();
    }

    internal static byte[] Add(Route route, MessageFlags flags) => Write(Rtm.NEWROUTE, flags, route);

    internal static byte[] Delete(Route route) => Write(Rtm.DELROUTE, MessageFlags.None, route);

    private static byte[] Write(ushort type, MessageFlags flags, Route route)
    {
        bool delete = type == Rtm.DELROUTE;
        byte family = Family.Of(route.Destination.BaseAddress);
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new RouteHeader
        {
            Family = family,
            DestinationLength = (byte)route.Destination.PrefixLength,
            Table = SmallTable(route.Table),
            Protocol = delete ? (byte)0 : (byte)route.Protocol,
            Scope = (byte)Scope(route, family, delete),
            Type = (byte)route.Type,
            Flags = route.OnLink ? Rta.RTNH_F_ONLINK : 0u,
        });
        writer.U32(Rta.RTA_TABLE, route.Table);
        if (route.Destination.PrefixLength > 0)
            writer.Address(Rta.RTA_DST, route.Destination.BaseAddress);
        if (route.Gateway is { } gateway)
            Gateway(ref writer, family, gateway);
        if (route.LinkIndex is { } link)
            writer.I32(Rta.RTA_OIF, link);
        if (route.Source is { } source)
            writer.Address(Rta.RTA_PREFSRC, source);
        if (route.Priority is { } priority)
            writer.U32(Rta.RTA_PRIORITY, priority);
        if (!delete)
            Metrics(ref writer, route);
        if (route.NextHops.Count > 0)
            NextHops(ref writer, family, route.NextHops);
        return writer.ToArray();
    }

    private static void Metrics(ref MessageWriter writer, Route route)
    {
        if (route.Mtu is null && route.AdvertisedMss is null)
            return;
        int metrics = writer.BeginNest(Rta.RTA_METRICS);
        if (route.LockMtu)
            writer.U32(Rta.RTAX_LOCK, 1u << Rta.RTAX_MTU);
        if (route.Mtu is { } mtu)
            writer.U32(Rta.RTAX_MTU, mtu);
        if (route.AdvertisedMss is { } mss)
            writer.U32(Rta.RTAX_ADVMSS, mss);
        writer.EndNest(metrics);
    }

    private static void NextHops(ref MessageWriter writer, byte family, IReadOnlyList<NextHop> hops)
    {
        int multipath = writer.BeginNest(Rta.RTA_MULTIPATH);
        foreach (NextHop hop in hops)
        {
            if (hop.Weight is < 1 or > 256)
                throw new ArgumentException($"Weight {hop.Weight} of next hop {hop.Gateway} is not within 1 to 256", nameof(hops));
            int start = writer.Raw(new NextHopHeader { Flags = hop.OnLink ? (byte)Rta.RTNH_F_ONLINK : (byte)0, Hops = (byte)(hop.Weight - 1), LinkIndex = hop.LinkIndex ?? 0 });
            if (hop.Gateway is { } gateway)
                Gateway(ref writer, family, gateway);
            writer.PatchLength(start);
        }

        writer.EndNest(multipath);
    }

    private static void Gateway(ref MessageWriter writer, byte family, IPAddress gateway)
    {
        if (Family.Of(gateway) == family)
        {
            writer.Address(Rta.RTA_GATEWAY, gateway);
            return;
        }

        // struct rtvia: the family, then the address
        byte[] via = [Family.Of(gateway), 0, .. gateway.GetAddressBytes()];
        writer.Bytes(Rta.RTA_VIA, via);
    }

    private static RouteScope Scope(Route route, byte family, bool delete)
    {
        if (route.Scope is { } given)
            return given;
        if (family == Family.Inet6)
            return RouteScope.Universe;
        if (delete)
            return RouteScope.Nowhere; // matches every scope
        if (route.Type == RouteType.Local)
            return RouteScope.Host;
        return route.Gateway is null && route.NextHops.Count == 0 && route.Type is RouteType.Unicast or RouteType.Broadcast or RouteType.Multicast or RouteType.Anycast
            ? RouteScope.Link
            : RouteScope.Universe;
    }

    /// <summary>The header has one byte for the table; RTA_TABLE has the whole number.</summary>
    private static byte SmallTable(uint table) => table < 256 ? (byte)table : (byte)0;
}
