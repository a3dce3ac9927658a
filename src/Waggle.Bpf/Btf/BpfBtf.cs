using System.Runtime.InteropServices;
using Waggle.Bpf.Interop;

namespace Waggle.Bpf.Btf;

/// <summary>BTF that the kernel holds.</summary>
internal static unsafe class BpfBtf
{
    internal static BtfSpec Read(uint id)
    {
        var subject = $"id {id}";
        using var handle = Sys.Own(Libbpf.bpf_btf_get_fd_by_id(id), "open BTF", subject);
        Info info = default;
        var length = (uint)sizeof(Info);
        BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(handle, &info, &length), "read info of BTF", subject);
        var data = new byte[info.Size];
        fixed (byte* buffer = data)
        {
            info = new Info { Data = (ulong)buffer, Size = (uint)data.Length };
            length = (uint)sizeof(Info);
            BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(handle, &info, &length), "read BTF", subject);
        }

        return BtfSpec.Parse(data);
    }

    /// <summary>struct bpf_btf_info.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    private struct Info
    {
        [FieldOffset(0)] public ulong Data;
        [FieldOffset(8)] public uint Size;
    }
}
