using Waggle.Linux;
using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

/// <summary>Opening and making pins in a bpffs.</summary>
internal static unsafe class BpfPin
{
    private const uint ReadOnlyFlag = 1u << 3; // BPF_F_RDONLY

    internal static FileDescriptor Open(string path, bool readOnly = false)
    {
        var opts = new BpfObjGetOpts { Sz = (nuint)sizeof(BpfObjGetOpts), FileFlags = readOnly ? ReadOnlyFlag : 0 };
        return Sys.Own(Libbpf.bpf_obj_get_opts(path, &opts), "open pin", path);
    }

    internal static void Pin(FileDescriptor handle, string path, string kind)
    {
        var result = Libbpf.bpf_obj_pin(handle, path);
        if (result < 0)
        {
            var hint = (Errno)(-result) switch
            {
                Errno.EPERM or Errno.EINVAL => "the path must lie in a mounted bpffs and have no dot in its name",
                Errno.EEXIST => "something is pinned there already",
                _ => null,
            };
            throw new BpfException($"pin {kind} at", path, (Errno)(-result), hint);
        }
    }

    /// <summary>bpf_obj_get_info_by_fd fills whatever the fd is; /proc tells maps, programs and links apart.</summary>
    internal static void RequireKind(FileDescriptor handle, string link, string subject, string kind)
    {
        var target = new FileInfo($"/proc/self/fd/{handle.Number}").LinkTarget;
        if (target is not null && target != link)
        {
            throw new BpfException($"use as {kind}", subject, Errno.None, $"it is {target}");
        }
    }
}
