using System.Runtime.InteropServices;

namespace Waggle.Bpf;

/// <summary>What the kernel says about a link (struct bpf_link_info).</summary>
/// <param name="Id">Kernel-wide id.</param>
/// <param name="Type">BPF_LINK_TYPE_*.</param>
/// <param name="ProgramId">Program attached now.</param>
/// <param name="Ifindex">Device of a tcx or XDP link; 0 once the device is gone.</param>
/// <param name="AttachType">Attach point of a tcx or cgroup link.</param>
/// <param name="CgroupId">Cgroup of a cgroup link; 0 once it is gone.</param>
public sealed record BpfLinkInfo(uint Id, BpfLinkType Type, uint ProgramId, int Ifindex, BpfAttachType AttachType, ulong CgroupId)
{
    internal static BpfLinkInfo From(in Raw raw)
    {
        var type = (BpfLinkType)raw.Type;
        return type switch
        {
            BpfLinkType.Tcx => new(raw.Id, type, raw.ProgramId, (int)raw.Word0, (BpfAttachType)raw.Word1, 0),
            BpfLinkType.Xdp => new(raw.Id, type, raw.ProgramId, (int)raw.Word0, BpfAttachType.Xdp, 0),
            BpfLinkType.Cgroup => new(raw.Id, type, raw.ProgramId, 0, (BpfAttachType)raw.Word2, raw.Word0 | ((ulong)raw.Word1 << 32)),
            _ => new(raw.Id, type, raw.ProgramId, 0, 0, 0),
        };
    }

    /// <summary>struct bpf_link_info; the union starts at offset 16.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct Raw
    {
        [FieldOffset(0)] public uint Type;
        [FieldOffset(4)] public uint Id;
        [FieldOffset(8)] public uint ProgramId;
        [FieldOffset(16)] public uint Word0;
        [FieldOffset(20)] public uint Word1;
        [FieldOffset(24)] public uint Word2;
    }
}

/// <summary>enum bpf_link_type of linux/bpf.h.</summary>
public enum BpfLinkType
{
    Unspecified = 0,
    RawTracepoint = 1,
    Tracing = 2,
    Cgroup = 3,
    Iterator = 4,
    NetworkNamespace = 5,
    Xdp = 6,
    PerfEvent = 7,
    KprobeMulti = 8,
    StructOps = 9,
    Netfilter = 10,
    Tcx = 11,
    UprobeMulti = 12,
    Netkit = 13,
}
