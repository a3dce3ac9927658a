namespace Waggle.Netlink;

/// <summary>Rule attributes (linux/fib_rules.h).</summary>
internal static class Fra
{
    internal const ushort FRA_DST = 1;
    internal const ushort FRA_SRC = 2;
    internal const ushort FRA_IIFNAME = 3;
    internal const ushort FRA_OIFNAME = 17;
    internal const ushort FRA_GOTO = 4;
    internal const ushort FRA_PRIORITY = 6;
    internal const ushort FRA_FWMARK = 10;
    internal const ushort FRA_FWMASK = 16;
    internal const ushort FRA_TABLE = 15;
    internal const ushort FRA_SUPPRESS_PREFIXLEN = 14;
    internal const ushort FRA_PROTOCOL = 21;
    internal const ushort FRA_IP_PROTO = 22;
    internal const ushort FIB_RULE_INVERT = 2;
}
