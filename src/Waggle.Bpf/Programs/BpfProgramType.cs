namespace Waggle.Bpf;

/// <summary>BPF_PROG_TYPE_* of linux/bpf.h, as far as they are used here; other values pass through as numbers.</summary>
public enum BpfProgramType
{
    Unspecified = 0,
    SocketFilter = 1,
    SchedCls = 3,
    SchedAct = 4,
    Tracepoint = 5,
    Xdp = 6,
    CgroupSkb = 8,
    CgroupSock = 9,
    SockOps = 13,
    SkSkb = 14,
    CgroupDevice = 15,
    SkMsg = 16,
    RawTracepoint = 17,
    CgroupSockAddr = 18,
    SkReusePort = 21,
    CgroupSockopt = 25,
    Tracing = 26,
    SkLookup = 30,
    Syscall = 31,
}
