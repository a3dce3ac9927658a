using System.Net;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

internal static partial class RouteMessages
{
    /// <summary>As <see cref="Parse"/>, without the clones that route caches hold.</summary>
    internal static Route? ParseListed(ushort type, ReadOnlySpan<byte> payload) =>
        type == Rtm.NEWROUTE && (Payload.Read<RouteHeader>(payload, out _).Flags & Rta.RTM_F_CLONED) == 0 ? Parse(type, payload) : null;

    /// <summary>Reads RTM_NEWROUTE or RTM_DELROUTE of IPv4 or IPv6; null for anything else.</summary>
    internal static Route? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWROUTE or Rtm.DELROUTE))
            return null;
        RouteHeader header = Payload.Read<RouteHeader>(payload, out AttributeReader a);
        if (header.Family is not (Family.Inet or Family.Inet6))
            return null;
        IPAddress? destination = null;
        var route = new Route(default(IPNetwork))
        {
            Type = (RouteType)header.Type,
            Table = header.Table,
            Protocol = (RouteProtocol)header.Protocol,
            Scope = (RouteScope)header.Scope,
            OnLink = (header.Flags & Rta.RTNH_F_ONLINK) != 0,
        };
        while (a.MoveNext())
        {
            switch (a.Type)
            {
                case Rta.RTA_DST: destination = a.Address(); break;
                case Rta.RTA_TABLE: route = route with { Table = a.U32() }; break;
                case Rta.RTA_GATEWAY: route = route with { Gateway = a.Address() }; break;
                case Rta.RTA_VIA: route = route with { Gateway = Via(a.Value) }; break;
                case Rta.RTA_OIF: route = route with { LinkIndex = a.I32() }; break;
                case Rta.RTA_PREFSRC: route = route with { Source = a.Address() }; break;
                case Rta.RTA_PRIORITY: route = route with { Priority = a.U32() }; break;
                case Rta.RTA_METRICS: route = Metrics(route, a.Nested()); break;
                case Rta.RTA_MULTIPATH: route = route with { NextHops = NextHops(a.Value) }; break;
            }
        }

        return route with { Destination = Family.Network(header.Family, destination, header.DestinationLength) };
    }

    private static Route Metrics(Route route, AttributeReader metrics)
    {
        while (metrics.MoveNext())
        {
            route = metrics.Type switch
            {
                Rta.RTAX_MTU => route with { Mtu = metrics.U32() },
                Rta.RTAX_ADVMSS => route with { AdvertisedMss = metrics.U32() },
                Rta.RTAX_LOCK => route with { LockMtu = (metrics.U32() & (1u << Rta.RTAX_MTU)) != 0 },
                _ => route,
            };
        }

        return route;
    }

    private static List<NextHop> NextHops(ReadOnlySpan<byte> rest)
    {
        const int headerLength = 8;
        List<NextHop> hops = [];
        while (rest.Length >= headerLength)
        {
            NextHopHeader header = MemoryMarshal.Read<NextHopHeader>(rest);
            if (header.Length < headerLength || header.Length > rest.Length)
                ThrowHelper.BadLength("Next hop", header.Length, rest.Length);
            IPAddress? gateway = null;
            var a = new AttributeReader(rest[headerLength..header.Length]);
            while (a.MoveNext())
            {
                if (a.Type == Rta.RTA_GATEWAY)
                    gateway = a.Address();
                else if (a.Type == Rta.RTA_VIA)
                    gateway = Via(a.Value);
            }

            hops.Add(new NextHop(gateway, header.LinkIndex == 0 ? null : header.LinkIndex, header.Hops + 1, (header.Flags & Rta.RTNH_F_ONLINK) != 0));
            rest = rest[Math.Min((header.Length + 3) & ~3, rest.Length)..];
        }

        return hops;
    }

    private static IPAddress? Via(ReadOnlySpan<byte> value) => value.Length is 6 or 18 ? new IPAddress(value[2..]) : null;
}
