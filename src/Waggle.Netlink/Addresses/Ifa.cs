namespace Waggle.Netlink;

/// <summary>Address attributes (linux/if_addr.h).</summary>
internal static class Ifa
{
    internal const ushort ADDRESS = 1;
    internal const ushort LOCAL = 2;
    internal const ushort LABEL = 3;
    internal const ushort BROADCAST = 4;
    internal const ushort CACHEINFO = 6;
    internal const ushort FLAGS = 8;
    internal const ushort RT_PRIORITY = 9;
}
