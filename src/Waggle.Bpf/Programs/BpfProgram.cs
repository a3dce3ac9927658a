using Waggle.Linux;
using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

/// <summary>A loaded BPF program. Thread-safe.</summary>
public sealed unsafe partial class BpfProgram : IDisposable
{
    internal BpfProgram(FileDescriptor handle, string name)
    {
        Handle = handle;
        Name = name;
    }

    /// <summary>The program's fd.</summary>
    public FileDescriptor Handle { get; }

    /// <summary>Name in the object, or the path or id it was opened by.</summary>
    public string Name { get; }

    /// <summary>Opens a pinned program.</summary>
    public static BpfProgram OpenPinned(string path)
    {
        var handle = BpfPin.Open(path);
        try
        {
            BpfPin.RequireKind(handle, "anon_inode:bpf-prog", path, "program");
            return new BpfProgram(handle, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a program by its kernel-wide id.</summary>
    public static BpfProgram OpenById(uint id) =>
        new(Sys.Own(Libbpf.bpf_prog_get_fd_by_id(id), "open program", $"id {id}"), $"id {id}");

    /// <summary>Pins the program; the path must not exist and lie in a bpffs.</summary>
    public void Pin(string path) => BpfPin.Pin(Handle, path, "program");

    /// <summary>What the kernel says now: sizes, verified instructions, run statistics.</summary>
    public BpfProgramInfo GetInfo()
    {
        BpfProgramInfo.Raw raw = default;
        var length = (uint)sizeof(BpfProgramInfo.Raw);
        BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(Handle, &raw, &length), "read info of program", Name);
        return BpfProgramInfo.From(raw);
    }

    public void Dispose() => Handle.Dispose();
}
