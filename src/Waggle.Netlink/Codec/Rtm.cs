namespace Waggle.Netlink;

/// <summary>Message types (linux/rtnetlink.h).</summary>
internal static class Rtm
{
    internal const ushort NEWLINK = 16;
    internal const ushort DELLINK = 17;
    internal const ushort GETLINK = 18;
    internal const ushort SETLINK = 19;
    internal const ushort NEWADDR = 20;
    internal const ushort DELADDR = 21;
    internal const ushort GETADDR = 22;
    internal const ushort NEWROUTE = 24;
    internal const ushort DELROUTE = 25;
    internal const ushort GETROUTE = 26;
    internal const ushort NEWNEIGH = 28;
    internal const ushort DELNEIGH = 29;
    internal const ushort GETNEIGH = 30;
    internal const ushort NEWRULE = 32;
    internal const ushort DELRULE = 33;
    internal const ushort GETRULE = 34;
    internal const ushort NEWQDISC = 36;
    internal const ushort DELQDISC = 37;
    internal const ushort GETQDISC = 38;
    internal const ushort NEWTFILTER = 44;
    internal const ushort DELTFILTER = 45;
    internal const ushort GETTFILTER = 46;
    internal const ushort NEWNSID = 88;
    internal const ushort DELNSID = 89;
    internal const ushort GETNSID = 90;
    internal const ushort NEWMDB = 84;
    internal const ushort DELMDB = 85;
    internal const ushort GETMDB = 86;
}
