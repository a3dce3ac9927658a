namespace Waggle.Netlink;

/// <summary>Bridge multicast attributes (linux/if_bridge.h).</summary>
internal static class Mdba
{
    internal const ushort MDBA_MDB = 1;
    internal const ushort MDBA_MDB_ENTRY = 1;
    internal const ushort MDBA_MDB_ENTRY_INFO = 1;
    internal const ushort MDBA_SET_ENTRY = 1;
    internal const ushort MDBA_SET_ENTRY_ATTRS = 2;
    internal const ushort MDBE_ATTR_SOURCE = 1;
    internal const ushort MDBA_MDB_EATTR_SOURCE = 4;
    internal const ushort MDBA_MDB_EATTR_TIMER = 1;
}
