namespace Waggle.Netlink;

internal static partial class LinkMessages
{
    private const ushort VethPeer = 1; // VETH_INFO_PEER (linux/veth.h)

    internal static byte[] ChangePort(int index, BridgePortSettings settings)
    {
        var writer = new MessageWriter(Rtm.SETLINK, MessageFlags.None);
        writer.Fixed(new LinkHeader { Family = Family.Bridge, Index = index });
        int port = writer.BeginNest(Ifla.PROTINFO);
        Bool(ref writer, Ifla.BRPORT_MODE, settings.Hairpin);
        Bool(ref writer, Ifla.BRPORT_LEARNING, settings.Learning);
        Bool(ref writer, Ifla.BRPORT_UNICAST_FLOOD, settings.UnicastFlood);
        Bool(ref writer, Ifla.BRPORT_MCAST_FLOOD, settings.MulticastFlood);
        Bool(ref writer, Ifla.BRPORT_BCAST_FLOOD, settings.BroadcastFlood);
        Bool(ref writer, Ifla.BRPORT_FAST_LEAVE, settings.FastLeave);
        Bool(ref writer, Ifla.BRPORT_ISOLATED, settings.Isolated);
        Bool(ref writer, Ifla.BRPORT_NEIGH_SUPPRESS, settings.NeighbourSuppression);
        Bool(ref writer, Ifla.BRPORT_GUARD, settings.BpduGuard);
        if (settings.MulticastRouter is { } router)
            writer.U8(Ifla.BRPORT_MULTICAST_ROUTER, router);
        if (settings.State is { } state)
            writer.U8(Ifla.BRPORT_STATE, state);
        if (settings.Cost is { } cost)
            writer.U32(Ifla.BRPORT_COST, cost);
        writer.EndNest(port);
        return writer.ToArray();
    }

    private static void Peer(ref MessageWriter writer, VethSpec spec)
    {
        int peer = writer.BeginNest(VethPeer);
        writer.Fixed(new LinkHeader { Index = spec.PeerIndex ?? 0 });
        writer.String(Ifla.IFNAME, CheckedName(spec.PeerName));
        if (spec.PeerMtu is { } mtu)
            writer.U32(Ifla.MTU, mtu);
        if (spec.PeerAddress is { } address)
            writer.Mac(Ifla.ADDRESS, address);
        if (spec.TransmitQueues is { } transmit)
            writer.U32(Ifla.NUM_TX_QUEUES, transmit);
        if (spec.ReceiveQueues is { } receive)
            writer.U32(Ifla.NUM_RX_QUEUES, receive);
        Offloads(ref writer, spec.GsoMaxSize, spec.GsoMaxSegments, spec.GroMaxSize, spec.GsoIpv4MaxSize, spec.GroIpv4MaxSize);
        if (spec.PeerNamespace is { } @namespace)
            writer.I32(Ifla.NET_NS_FD, @namespace.Descriptor.Number);
        writer.EndNest(peer);
    }

    private static void Vxlan(ref MessageWriter writer, VxlanSettings settings)
    {
        if (settings.External)
            writer.U8(Ifla.VXLAN_COLLECT_METADATA, 1);
        if (settings.Vni is { } vni)
            writer.U32(Ifla.VXLAN_ID, vni);
        if (settings.Port is { } port)
            writer.U16BigEndian(Ifla.VXLAN_PORT, port);
        if (settings.Local is { } local)
            writer.Address(Family.Of(local) == Family.Inet ? Ifla.VXLAN_LOCAL : Ifla.VXLAN_LOCAL6, local);
        if (settings.Group is { } group)
            writer.Address(Family.Of(group) == Family.Inet ? Ifla.VXLAN_GROUP : Ifla.VXLAN_GROUP6, group);
        if (settings.UnderlayIndex is { } underlay)
            writer.I32(Ifla.VXLAN_LINK, underlay);
        Bool(ref writer, Ifla.VXLAN_LEARNING, settings.Learning ?? (settings.External ? false : null));
        if (settings.Ttl is { } ttl)
            writer.U8(Ifla.VXLAN_TTL, ttl);
        Bool(ref writer, Ifla.VXLAN_UDP_CSUM, settings.UdpChecksum);
        Bool(ref writer, Ifla.VXLAN_UDP_ZERO_CSUM6_TX, settings.ZeroChecksum6Transmit);
        Bool(ref writer, Ifla.VXLAN_UDP_ZERO_CSUM6_RX, settings.ZeroChecksum6Receive);
    }

    private static void Bridge(ref MessageWriter writer, BridgeSettings settings)
    {
        Bool(ref writer, Ifla.BR_MCAST_SNOOPING, settings.MulticastSnooping);
        Bool(ref writer, Ifla.BR_MCAST_QUERIER, settings.MulticastQuerier);
        Bool(ref writer, Ifla.BR_VLAN_FILTERING, settings.VlanFiltering);
        if (settings.MulticastHashMax is { } max)
            writer.U32(Ifla.BR_MCAST_HASH_MAX, max);
        if (settings.IgmpVersion is { } igmp)
            writer.U8(Ifla.BR_MCAST_IGMP_VERSION, igmp);
        if (settings.MldVersion is { } mld)
            writer.U8(Ifla.BR_MCAST_MLD_VERSION, mld);
        if (settings.Ageing is { } ageing)
            writer.U32(Ifla.BR_AGEING_TIME, Centiseconds(ageing));
        if (settings.ForwardDelay is { } delay)
            writer.U32(Ifla.BR_FORWARD_DELAY, Centiseconds(delay));
        if (settings.SpanningTree is { } tree)
            writer.U32(Ifla.BR_STP_STATE, tree ? 1u : 0);
    }

    private static void Bool(ref MessageWriter writer, ushort type, bool? value)
    {
        if (value is { } set)
            writer.U8(type, set ? (byte)1 : (byte)0);
    }

    private static uint Centiseconds(TimeSpan time) => (uint)Math.Clamp(time.TotalMilliseconds / 10, 0, uint.MaxValue);
}
