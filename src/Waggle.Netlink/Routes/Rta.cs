namespace Waggle.Netlink;

/// <summary>Route attributes (linux/rtnetlink.h).</summary>
internal static class Rta
{
    internal const ushort RTA_DST = 1;
    internal const ushort RTA_SRC = 2;
    internal const ushort RTA_IIF = 3;
    internal const ushort RTA_OIF = 4;
    internal const ushort RTA_GATEWAY = 5;
    internal const ushort RTA_PRIORITY = 6;
    internal const ushort RTA_PREFSRC = 7;
    internal const ushort RTA_METRICS = 8;
    internal const ushort RTA_MULTIPATH = 9;
    internal const ushort RTA_TABLE = 15;
    internal const ushort RTA_VIA = 18;
    internal const ushort RTA_MARK = 16;
    internal const ushort RTA_PREF = 20;
    internal const ushort RTAX_MTU = 2;
    internal const ushort RTAX_ADVMSS = 8;
    internal const ushort RTAX_LOCK = 1;
    internal const ushort RTNH_F_ONLINK = 4;
    internal const ushort RTNH_F_DEAD = 1;
    internal const ushort RTNH_F_LINKDOWN = 16;
    internal const ushort RTM_F_CLONED = 512;
    internal const ushort RTM_F_FIB_MATCH = 8192;
    internal const ushort RTM_F_LOOKUP_TABLE = 4096;
}
