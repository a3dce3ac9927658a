namespace Waggle.Netlink;

/// <summary>Neighbour attributes (linux/neighbour.h).</summary>
internal static class Nda
{
    internal const ushort DST = 1;
    internal const ushort LLADDR = 2;
    internal const ushort VLAN = 5;
    internal const ushort PORT = 6;
    internal const ushort VNI = 7;
    internal const ushort IFINDEX = 8;
    internal const ushort MASTER = 9;
    internal const ushort PROTOCOL = 12;
    internal const ushort FLAGS_EXT = 15;
}
