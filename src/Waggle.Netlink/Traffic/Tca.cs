namespace Waggle.Netlink;

/// <summary>Traffic control attributes (linux/rtnetlink.h, linux/pkt_cls.h).</summary>
internal static class Tca
{
    internal const ushort KIND = 1;
    internal const ushort OPTIONS = 2;
    internal const ushort CHAIN = 11;
    internal const ushort BPF_FD = 6;
    internal const ushort BPF_NAME = 7;
    internal const ushort BPF_FLAGS = 8;
    internal const ushort BPF_TAG = 10;
    internal const ushort BPF_ID = 11;
    internal const ushort BPF_CLASSID = 3;
}
