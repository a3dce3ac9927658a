using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct ifinfomsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinkHeader
{
    public byte Family;
    public byte Pad;
    public ushort Type;
    public int Index;
    public uint Flags;
    public uint Change;
}

/// <summary>Link requests as bytes.</summary>
internal static partial class LinkMessages
{
    private const uint SkipStatistics = 8; // RTEXT_FILTER_SKIP_STATS

    internal static byte[] Get(string? name, int index)
    {
        var writer = new MessageWriter(Rtm.GETLINK, MessageFlags.None);
        writer.Fixed(new LinkHeader { Index = index });
        if (name is not null)
            writer.String(name.Length > 15 ? AlternativeName : Ifla.IFNAME, name);
        return writer.ToArray();
    }

    internal static byte[] List(bool statistics)
    {
        var writer = new MessageWriter(Rtm.GETLINK, MessageFlags.None);
        writer.Fixed(default(LinkHeader));
        if (!statistics)
            writer.U32(Ifla.EXT_MASK, SkipStatistics);
        return writer.ToArray();
    }

    internal static byte[] Create(LinkSpec spec, MessageFlags flags)
    {
        var writer = new MessageWriter(Rtm.NEWLINK, flags, 512);
        writer.Fixed(new LinkHeader { Index = spec.Index ?? 0, Flags = spec.Up ? (uint)LinkFlags.Up : 0, Change = spec.Up ? (uint)LinkFlags.Up : 0 });
        writer.String(Ifla.IFNAME, CheckedName(spec.Name));
        Common(ref writer, spec);
        int info = writer.BeginNest(Ifla.LINKINFO);
        writer.String(Ifla.INFO_KIND, spec.Kind);
        int data = writer.BeginNest(Ifla.INFO_DATA);
        switch (spec)
        {
            case VethSpec veth: Peer(ref writer, veth); break;
            case VxlanSpec vxlan: Vxlan(ref writer, vxlan.Settings); break;
            case BridgeSpec bridge: Bridge(ref writer, bridge.Settings); break;
        }

        writer.EndNest(data);
        writer.EndNest(info);
        return writer.ToArray();
    }

    internal static byte[] Change(int index, LinkChange change)
    {
        // RTM_NEWLINK on an existing index changes it, and unlike RTM_SETLINK also takes INFO_DATA.
        var writer = new MessageWriter(Rtm.NEWLINK, MessageFlags.None, 512);
        LinkFlags set = LinkFlags.None, mask = LinkFlags.None;
        Flag(change.Up, LinkFlags.Up, ref set, ref mask);
        Flag(!change.Arp, LinkFlags.NoArp, ref set, ref mask);
        Flag(change.Promiscuous, LinkFlags.Promiscuous, ref set, ref mask);
        Flag(change.AllMulticast, LinkFlags.AllMulticast, ref set, ref mask);
        Flag(change.Multicast, LinkFlags.Multicast, ref set, ref mask);
        writer.Fixed(new LinkHeader { Index = index, Flags = (uint)set, Change = (uint)mask });
        if (change.Name is { } name)
            writer.String(Ifla.IFNAME, CheckedName(name));
        if (change.Mtu is { } mtu)
            writer.U32(Ifla.MTU, mtu);
        if (change.Address is { } address)
            writer.Mac(Ifla.ADDRESS, address);
        if (change.MasterIndex is { } master)
            writer.I32(Ifla.MASTER, master);
        if (change.Namespace is { } @namespace)
            writer.I32(Ifla.NET_NS_FD, @namespace.Descriptor.Number);
        if (change.Alias is { } alias)
            writer.String(Ifla.IFALIAS, alias);
        if (change.TransmitQueueLength is { } length)
            writer.U32(Ifla.TXQLEN, length);
        Offloads(ref writer, change.GsoMaxSize, change.GsoMaxSegments, change.GroMaxSize, change.GsoIpv4MaxSize, change.GroIpv4MaxSize);
        if (change.Ipv6AddressGeneration is { } generation)
        {
            int families = writer.BeginNest(Ifla.AF_SPEC);
            int inet6 = writer.BeginNest(Family.Inet6);
            writer.U8(Ifla.INET6_ADDR_GEN_MODE, (byte)generation);
            writer.EndNest(inet6);
            writer.EndNest(families);
        }

        if (change.Bridge is { } bridge)
        {
            int info = writer.BeginNest(Ifla.LINKINFO);
            writer.String(Ifla.INFO_KIND, "bridge");
            int data = writer.BeginNest(Ifla.INFO_DATA);
            Bridge(ref writer, bridge);
            writer.EndNest(data);
            writer.EndNest(info);
        }

        return writer.ToArray();
    }

    internal static byte[] Delete(int index)
    {
        var writer = new MessageWriter(Rtm.DELLINK, MessageFlags.None);
        writer.Fixed(new LinkHeader { Index = index });
        return writer.ToArray();
    }

    internal static string CheckedName(string name)
    {
        if (name.Length is 0 or > 15 || name is "." or ".." || name.AsSpan().ContainsAny('/', ':', ' ') || System.Text.Encoding.UTF8.GetByteCount(name) > 15)
            throw new ArgumentException($"'{name}' cannot name an interface: 1 to 15 bytes without '/', ':' and spaces", nameof(name));
        return name;
    }

    private const ushort AlternativeName = Ifla.ALT_IFNAME;

    private static void Common(ref MessageWriter writer, LinkSpec spec)
    {
        if (spec.Mtu is { } mtu)
            writer.U32(Ifla.MTU, mtu);
        if (spec.Address is { } address)
            writer.Mac(Ifla.ADDRESS, address);
        if (spec.MasterIndex is { } master)
            writer.I32(Ifla.MASTER, master);
        if (spec.TransmitQueues is { } transmit)
            writer.U32(Ifla.NUM_TX_QUEUES, transmit);
        if (spec.ReceiveQueues is { } receive)
            writer.U32(Ifla.NUM_RX_QUEUES, receive);
        if (spec.TransmitQueueLength is { } length)
            writer.U32(Ifla.TXQLEN, length);
        Offloads(ref writer, spec.GsoMaxSize, spec.GsoMaxSegments, spec.GroMaxSize, spec.GsoIpv4MaxSize, spec.GroIpv4MaxSize);
    }

    private static void Offloads(ref MessageWriter writer, uint? gso, uint? segments, uint? gro, uint? gsoIpv4, uint? groIpv4)
    {
        if (gso is { } gsoSize)
            writer.U32(Ifla.GSO_MAX_SIZE, gsoSize);
        if (segments is { } count)
            writer.U32(Ifla.GSO_MAX_SEGS, count);
        if (gro is { } groSize)
            writer.U32(Ifla.GRO_MAX_SIZE, groSize);
        if (gsoIpv4 is { } gso4)
            writer.U32(Ifla.GSO_IPV4_MAX_SIZE, gso4);
        if (groIpv4 is { } gro4)
            writer.U32(Ifla.GRO_IPV4_MAX_SIZE, gro4);
    }

    private static void Flag(bool? wanted, LinkFlags flag, ref LinkFlags set, ref LinkFlags mask)
    {
        if (wanted is not { } on)
            return;
        mask |= flag;
        if (on)
            set |= flag;
    }
}
