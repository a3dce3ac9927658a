namespace Waggle.Netlink;

/// <summary>Namespace id attributes (linux/net_namespace.h).</summary>
internal static class Netnsa
{
    internal const ushort NSID = 1;
    internal const ushort PID = 2;
    internal const ushort FD = 3;
    internal const ushort TARGET_NSID = 4;
    internal const ushort CURRENT_NSID = 5;
}
