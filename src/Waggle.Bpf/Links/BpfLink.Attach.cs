using System.Runtime.InteropServices;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfLink
{
    /// <summary>Attaches to tcx (Linux 6.6). The device is looked up in the calling thread's network namespace.</summary>
    /// <param name="program">A tc program.</param>
    /// <param name="ifindex">The device.</param>
    /// <param name="ingress">Direction as the device sees it.</param>
    /// <param name="position">Among the programs already there; default last.</param>
    /// <exception cref="BpfException">ENODEV: no such device. EINVAL also where the kernel has no tcx: ask <see cref="BpfFeatures"/> first.</exception>
    public static BpfLink AttachTcx(BpfProgram program, int ifindex, bool ingress, TcxPosition position = default)
    {
        var held = false;
        try
        {
            position.Relative?.DangerousAddRef(ref held);
            return Create(program, ifindex, ingress ? BpfAttachType.TcxIngress : BpfAttachType.TcxEgress, position.Flags,
                (uint)(position.Relative?.Number ?? 0), $"{program.Name} to tcx {(ingress ? "ingress" : "egress")} of device {ifindex}");
        }
        finally
        {
            if (held)
            {
                position.Relative!.DangerousRelease();
            }
        }
    }

    /// <summary>Attaches to XDP. The device is looked up in the calling thread's network namespace.</summary>
    public static BpfLink AttachXdp(BpfProgram program, int ifindex, XdpMode mode = XdpMode.Any) =>
        Create(program, ifindex, BpfAttachType.Xdp, (uint)mode, 0, $"{program.Name} to XDP of device {ifindex}");

    /// <summary>Attaches to a cgroup v2 directory, for all processes in it and below.</summary>
    public static BpfLink AttachCgroup(BpfProgram program, string cgroupPath, BpfAttachType type)
    {
        using var directory = FileDescriptor.Open(cgroupPath, OpenFlags.Directory);
        return Create(program, directory.Number, type, 0, 0, $"{program.Name} to {type} of {cgroupPath}");
    }

    /// <summary>Ids of the programs attached to tcx of a device, in the order they run.</summary>
    public static IReadOnlyList<uint> QueryTcx(int ifindex, bool ingress)
    {
        const int Most = 64; // BPF_MPROG_MAX
        var ids = stackalloc uint[Most];
        var attr = new QueryAttr
        {
            TargetIfindex = (uint)ifindex,
            AttachType = (uint)(ingress ? BpfAttachType.TcxIngress : BpfAttachType.TcxEgress),
            ProgramIds = (ulong)ids,
            Count = Most,
        };
        BpfException.Check(Sys.Bpf(Sys.ProgQuery, &attr, sizeof(QueryAttr)), "query tcx", $"of device {ifindex}");
        return new Span<uint>(ids, (int)attr.Count).ToArray();
    }

    private static BpfLink Create(BpfProgram program, int target, BpfAttachType type, uint flags, uint relative, string subject)
    {
        var held = false;
        try
        {
            program.Handle.DangerousAddRef(ref held);
            var attr = new CreateAttr
            {
                ProgramFd = (uint)program.Handle.Number,
                Target = (uint)target,
                AttachType = (uint)type,
                Flags = flags,
                Relative = relative,
            };
            return new BpfLink(Sys.Own(Sys.Bpf(Sys.LinkCreate, &attr, sizeof(CreateAttr)), "attach", subject), subject);
        }
        finally
        {
            if (held)
            {
                program.Handle.DangerousRelease();
            }
        }
    }

    /// <summary>link_create of union bpf_attr. 32 bytes cover tcx; the rest of the union is zero for all uses here.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct CreateAttr
    {
        [FieldOffset(0)] public uint ProgramFd;
        [FieldOffset(4)] public uint Target;
        [FieldOffset(8)] public uint AttachType;
        [FieldOffset(12)] public uint Flags;
        [FieldOffset(16)] public uint Relative;
        [FieldOffset(24)] public ulong ExpectedRevision;
    }

    /// <summary>query of union bpf_attr.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct QueryAttr
    {
        [FieldOffset(0)] public uint TargetIfindex;
        [FieldOffset(4)] public uint AttachType;
        [FieldOffset(8)] public uint QueryFlags;
        [FieldOffset(12)] public uint AttachFlags;
        [FieldOffset(16)] public ulong ProgramIds;
        [FieldOffset(24)] public uint Count;
        [FieldOffset(32)] public ulong ProgramAttachFlags;
        [FieldOffset(40)] public ulong LinkIds;
        [FieldOffset(48)] public ulong LinkAttachFlags;
        [FieldOffset(56)] public ulong Revision;
    }
}
