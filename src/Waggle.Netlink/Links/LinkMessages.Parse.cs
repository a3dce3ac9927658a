using System.Runtime.InteropServices;

namespace Waggle.Netlink;

internal static partial class LinkMessages
{
    /// <summary>Reads RTM_NEWLINK or RTM_DELLINK; null for other types and for the bridge's view of a port.</summary>
    internal static Link? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWLINK or Rtm.DELLINK))
            return null;
        LinkHeader header = Payload.Read<LinkHeader>(payload, out AttributeReader attributes);
        if (header.Family == Family.Bridge)
            return null;
        var link = new Link { Index = header.Index, Name = "", Flags = (LinkFlags)header.Flags };
        while (attributes.MoveNext())
            link = Apply(link, ref attributes);
        return link;
    }

    private static Link Apply(Link link, ref AttributeReader a) => a.Type switch
    {
        Ifla.IFNAME => link with { Name = a.String() },
        Ifla.ADDRESS => link with { Address = a.Mac() },
        Ifla.MTU => link with { Mtu = a.U32() },
        Ifla.LINK => link with { ParentIndex = a.I32() },
        Ifla.MASTER => link with { MasterIndex = a.I32() },
        Ifla.LINK_NETNSID => link with { PeerNamespaceId = a.I32() },
        Ifla.OPERSTATE => link with { State = (OperationalState)a.U8() },
        Ifla.CARRIER => link with { Carrier = a.Bool() },
        Ifla.IFALIAS => link with { Alias = a.String() },
        Ifla.TXQLEN => link with { TransmitQueueLength = a.U32() },
        Ifla.NUM_TX_QUEUES => link with { TransmitQueues = a.U32() },
        Ifla.NUM_RX_QUEUES => link with { ReceiveQueues = a.U32() },
        Ifla.GSO_MAX_SIZE => link with { GsoMaxSize = a.U32() },
        Ifla.GSO_MAX_SEGS => link with { GsoMaxSegments = a.U32() },
        Ifla.GRO_MAX_SIZE => link with { GroMaxSize = a.U32() },
        Ifla.GSO_IPV4_MAX_SIZE => link with { GsoIpv4MaxSize = a.U32() },
        Ifla.GRO_IPV4_MAX_SIZE => link with { GroIpv4MaxSize = a.U32() },
        Ifla.TSO_MAX_SIZE => link with { TsoMaxSize = a.U32() },
        Ifla.STATS64 => link with { Statistics = Statistics(a.Value) },
        Ifla.XDP => link with { XdpProgramId = XdpProgram(a.Nested()) },
        Ifla.PROP_LIST => link with { AlternativeNames = Names(a.Nested()) },
        Ifla.LINKINFO => Info(link, a.Nested()),
        _ => link,
    };

    private static Link Info(Link link, AttributeReader info)
    {
        while (info.MoveNext())
        {
            if (info.Type == Ifla.INFO_KIND)
                link = link with { Kind = info.String() };
            else if (info.Type == Ifla.INFO_DATA && link.Kind == "vxlan") // the kind comes before its data
                link = link with { Vxlan = ParseVxlan(info.Nested()) };
            else if (info.Type == Ifla.INFO_DATA && link.Kind == "bridge")
                link = link with { Bridge = ParseBridge(info.Nested()) };
        }

        return link;
    }

    private static VxlanSettings ParseVxlan(AttributeReader a)
    {
        var settings = new VxlanSettings();
        while (a.MoveNext())
        {
            settings = a.Type switch
            {
                Ifla.VXLAN_ID => settings with { Vni = a.U32() },
                Ifla.VXLAN_PORT => settings with { Port = a.U16BigEndian() },
                Ifla.VXLAN_COLLECT_METADATA => settings with { External = a.Value.IsEmpty || a.Bool() },
                Ifla.VXLAN_LOCAL or Ifla.VXLAN_LOCAL6 => settings with { Local = a.Address() },
                Ifla.VXLAN_GROUP or Ifla.VXLAN_GROUP6 => settings with { Group = a.Address() },
                Ifla.VXLAN_LINK => settings with { UnderlayIndex = a.I32() },
                Ifla.VXLAN_LEARNING => settings with { Learning = a.Bool() },
                Ifla.VXLAN_TTL => settings with { Ttl = a.U8() },
                Ifla.VXLAN_UDP_CSUM => settings with { UdpChecksum = a.Bool() },
                Ifla.VXLAN_UDP_ZERO_CSUM6_TX => settings with { ZeroChecksum6Transmit = a.Bool() },
                Ifla.VXLAN_UDP_ZERO_CSUM6_RX => settings with { ZeroChecksum6Receive = a.Bool() },
                _ => settings,
            };
        }

        return settings;
    }

    private static BridgeSettings ParseBridge(AttributeReader a)
    {
        var settings = new BridgeSettings();
        while (a.MoveNext())
        {
            settings = a.Type switch
            {
                Ifla.BR_MCAST_SNOOPING => settings with { MulticastSnooping = a.Bool() },
                Ifla.BR_MCAST_QUERIER => settings with { MulticastQuerier = a.Bool() },
                Ifla.BR_MCAST_HASH_MAX => settings with { MulticastHashMax = a.U32() },
                Ifla.BR_MCAST_IGMP_VERSION => settings with { IgmpVersion = a.U8() },
                Ifla.BR_MCAST_MLD_VERSION => settings with { MldVersion = a.U8() },
                Ifla.BR_AGEING_TIME => settings with { Ageing = TimeSpan.FromMilliseconds(a.U32() * 10L) },
                Ifla.BR_FORWARD_DELAY => settings with { ForwardDelay = TimeSpan.FromMilliseconds(a.U32() * 10L) },
                Ifla.BR_STP_STATE => settings with { SpanningTree = a.U32() != 0 },
                Ifla.BR_VLAN_FILTERING => settings with { VlanFiltering = a.Bool() },
                _ => settings,
            };
        }

        return settings;
    }

    /// <summary>struct rtnl_link_stats64; its first nine counters have been there from the start.</summary>
    private static LinkStatistics Statistics(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<ulong> c = MemoryMarshal.Cast<byte, ulong>(value);
        return c.Length < 9 ? default : new LinkStatistics(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]);
    }

    private static uint XdpProgram(AttributeReader xdp)
    {
        uint program = 0;
        while (xdp.MoveNext())
        {
            if (xdp.Type == Ifla.XDP_PROG_ID)
                program = xdp.U32();
        }

        return program;
    }

    private static List<string> Names(AttributeReader list)
    {
        List<string> names = [];
        while (list.MoveNext())
        {
            if (list.Type == Ifla.ALT_IFNAME)
                names.Add(list.String());
        }

        return names;
    }
}
