namespace Waggle.Netlink;

/// <summary>nlmsg_flags (linux/netlink.h). The upper byte means different things for get, new and delete requests.</summary>
[Flags]
internal enum MessageFlags : ushort
{
    None = 0,
    Request = 1,
    Multi = 2,
    Ack = 4,
    Echo = 8,
    DumpInterrupted = 0x10,

    Dump = 0x300,

    Replace = 0x100,
    Exclusive = 0x200,
    Create = 0x400,
    Append = 0x800,

    /// <summary>On an acknowledgement: the request is not repeated in it.</summary>
    Capped = 0x100,

    /// <summary>On an acknowledgement: extended-ack attributes follow.</summary>
    AckAttributes = 0x200,
}
