namespace Waggle.Netlink;

/// <summary>Turns a datagram of notifications into events; what it does not know it leaves out.</summary>
internal static class RtnlEventParser
{
    internal static void Parse(ReadOnlySpan<byte> datagram, List<RtnlEvent> events)
    {
        var messages = new MessageReader(datagram);
        while (messages.MoveNext())
        {
            ushort type = messages.Header.Type;
            ReadOnlySpan<byte> payload = messages.Payload;
            if (type is Rtm.NEWMDB or Rtm.DELMDB)
            {
                foreach (MulticastEntry entry in MulticastMessages.Parse(type, payload) ?? [])
                    events.Add(new MulticastEvent(entry, type == Rtm.DELMDB));
            }
            else if (ParseOne(type, payload) is { } @event)
            {
                events.Add(@event);
            }
        }
    }

    private static RtnlEvent? ParseOne(ushort type, ReadOnlySpan<byte> payload) => type switch
    {
        Rtm.NEWLINK or Rtm.DELLINK => LinkMessages.Parse(type, payload) is { } link ? new LinkEvent(link, type == Rtm.DELLINK) : null,
        Rtm.NEWADDR or Rtm.DELADDR => AddressMessages.Parse(type, payload) is { } address ? new AddressEvent(address, type == Rtm.DELADDR) : null,
        Rtm.NEWROUTE or Rtm.DELROUTE => RouteMessages.Parse(type, payload) is { } route ? new RouteEvent(route, type == Rtm.DELROUTE) : null,
        Rtm.NEWRULE or Rtm.DELRULE => RuleMessages.Parse(type, payload) is { } rule ? new RuleEvent(rule, type == Rtm.DELRULE) : null,
        Rtm.NEWNEIGH or Rtm.DELNEIGH => Neighbour(type, payload),
        _ => null,
    };

    private static RtnlEvent? Neighbour(ushort type, ReadOnlySpan<byte> payload)
    {
        bool deleted = type == Rtm.DELNEIGH;
        if (NeighbourMessages.Parse(type, payload) is { } neighbour)
            return new NeighbourEvent(neighbour, deleted);
        return ForwardingMessages.Parse(type, payload) is { } entry ? new ForwardingEvent(entry, deleted) : null;
    }
}
