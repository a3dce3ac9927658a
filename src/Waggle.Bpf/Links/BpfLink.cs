using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>
/// A program attached to something. The attachment lives as long as an fd or a pin of the link: disposing an unpinned link
/// detaches, disposing a pinned one does not. Thread-safe.
/// </summary>
public sealed unsafe partial class BpfLink : IDisposable
{
    internal BpfLink(FileDescriptor handle, string name)
    {
        Handle = handle;
        Name = name;
    }

    /// <summary>The link's fd.</summary>
    public FileDescriptor Handle { get; }

    /// <summary>For messages: what it attaches, or the path it was opened by.</summary>
    public string Name { get; }

    /// <summary>Opens a pinned link.</summary>
    public static BpfLink OpenPinned(string path)
    {
        var handle = BpfPin.Open(path);
        var target = new FileInfo($"/proc/self/fd/{handle.Number}").LinkTarget;
        if (target is not null && !target.StartsWith("anon_inode:bpf_link", StringComparison.Ordinal) && !target.StartsWith("anon_inode:bpf-link", StringComparison.Ordinal))
        {
            handle.Dispose();
            throw new BpfException("use as link", path, Errno.None, $"it is {target}");
        }

        return new BpfLink(handle, path);
    }

    /// <summary>Opens a pinned link, or null when nothing is pinned there.</summary>
    public static BpfLink? TryOpenPinned(string path)
    {
        try
        {
            return OpenPinned(path);
        }
        catch (BpfException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>What the kernel says now.</summary>
    public BpfLinkInfo GetInfo()
    {
        BpfLinkInfo.Raw raw = default;
        var length = (uint)sizeof(BpfLinkInfo.Raw);
        BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(Handle, &raw, &length), "read info of link", Name);
        return BpfLinkInfo.From(raw);
    }

    /// <summary>Replaces the program atomically (BPF_LINK_UPDATE): every packet meets the old or the new one.</summary>
    /// <exception cref="BpfException">ENOLINK: the device or cgroup is gone. EINVAL: another program type.</exception>
    public void Update(BpfProgram program)
    {
        var opts = new BpfLinkUpdateOpts { Sz = (nuint)sizeof(BpfLinkUpdateOpts) };
        BpfException.Check(Libbpf.bpf_link_update(Handle, program.Handle, &opts), "update link", Name);
    }

    /// <summary>Detaches now, whoever else holds the link. The link and its pin stay, defunct.</summary>
    public void Detach() => BpfException.Check(Libbpf.bpf_link_detach(Handle), "detach link", Name);

    /// <summary>Pins the link, so that the attachment outlives this process. The path must not exist and lie in a bpffs.</summary>
    public void Pin(string path) => BpfPin.Pin(Handle, path, "link");

    public void Dispose() => Handle.Dispose();
}
