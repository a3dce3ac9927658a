using System.Globalization;

namespace Waggle.Linux;

/// <summary>Mounting and unmounting in the mount namespace of this process.</summary>
public static class Mounts
{
    /// <summary>mount(2) itself.</summary>
    /// <exception cref="LinuxException">The kernel refused; <c>dmesg</c> often says why.</exception>
    public static void Mount(string? source, string target, string? type, MountFlags flags = MountFlags.None, string? data = null)
    {
        if (Libc.mount(source, target, type, (nuint)(uint)flags, data) < 0)
            throw LinuxException.Last(type is null ? "mount" : $"mount {type} at", target);
    }

    /// <summary>Shows <paramref name="source"/> at <paramref name="target"/> as well. Both must exist and be of the same kind.</summary>
    /// <param name="source">File or directory.</param>
    /// <param name="target">Existing file or directory.</param>
    /// <param name="recursive">Mounts below the source appear too.</param>
    /// <param name="readOnly">Makes the new mount read-only (mounts below it are not).</param>
    public static void Bind(string source, string target, bool recursive = false, bool readOnly = false)
    {
        Mount(source, target, null, MountFlags.Bind | (recursive ? MountFlags.Recursive : MountFlags.None));
        // The kernel ignores read-only on the first call.
        if (readOnly)
            Mount(null, target, null, MountFlags.Bind | MountFlags.Remount | MountFlags.ReadOnly);
    }

    /// <summary>Moves a mount.</summary>
    public static void Move(string source, string target) => Mount(source, target, null, MountFlags.Move);

    /// <summary>Sets how mounts propagate; <paramref name="target"/> must be a mount point.</summary>
    public static void SetPropagation(string target, MountPropagation propagation, bool recursive = false)
    {
        MountFlags flag = propagation switch
        {
            MountPropagation.Private => MountFlags.Private,
            MountPropagation.Shared => MountFlags.Shared,
            MountPropagation.Slave => MountFlags.Slave,
            _ => MountFlags.Unbindable,
        };
        Mount(null, target, null, flag | (recursive ? MountFlags.Recursive : MountFlags.None));
    }

    /// <summary>Makes a directory a shared mount, binding it to itself when it is not a mount point yet.</summary>
    public static void EnsureShared(string directory)
    {
        if (Libc.mount(null, directory, null, (nuint)(uint)(MountFlags.Shared | MountFlags.Recursive), null) == 0)
            return;
        if (Libc.LastError != Errno.EINVAL)
            throw LinuxException.Last("share mount", directory);
        Bind(directory, directory, recursive: true);
        SetPropagation(directory, MountPropagation.Shared, recursive: true);
    }

    /// <summary>Mounts an overlay of writable <paramref name="upper"/> above read-only <paramref name="lower"/>.</summary>
    /// <param name="target">Existing directory.</param>
    /// <param name="lower">Lower directories, the topmost first.</param>
    /// <param name="upper">Takes the changes; on one file system with <paramref name="work"/>, not itself an overlay.</param>
    /// <param name="work">Empty directory for the kernel's own use.</param>
    public static void Overlay(string target, IReadOnlyList<string> lower, string upper, string work)
    {
        string data = $"lowerdir={string.Join(':', lower.Select(EscapeOverlay))},upperdir={EscapeOverlay(upper)},workdir={EscapeOverlay(work)}";
        Mount("overlay", target, "overlay", MountFlags.None, data);
    }

    /// <summary>Mounts a file system in memory.</summary>
    /// <param name="target">Existing directory.</param>
    /// <param name="sizeBytes">Limit; null for half of the memory.</param>
    /// <param name="mode">Permissions of its root.</param>
    /// <param name="flags">Further flags.</param>
    public static void Tmpfs(string target, long? sizeBytes = null, int mode = 0x1ed /* 0755 */, MountFlags flags = MountFlags.NoSuid | MountFlags.NoDevices)
    {
        string data = $"mode={Convert.ToString(mode, 8)}";
        if (sizeBytes is { } size)
            data += string.Create(CultureInfo.InvariantCulture, $",size={size}");
        Mount("tmpfs", target, "tmpfs", flags, data);
    }

    /// <summary>Mounts a new, empty BPF file system.</summary>
    public static void Bpf(string target) => Mount("bpf", target, "bpf", MountFlags.NoSuid | MountFlags.NoDevices | MountFlags.NoExecute, "mode=0700");

    /// <summary>Unmounts the topmost mount at a path.</summary>
    public static void Unmount(string target, UnmountFlags flags = UnmountFlags.None)
    {
        if (Libc.umount2(target, (int)flags) < 0)
            throw LinuxException.Last("unmount", target);
    }

    /// <summary>As <see cref="Unmount"/>; false when nothing is mounted there or the path is gone.</summary>
    public static bool TryUnmount(string target, UnmountFlags flags = UnmountFlags.None)
    {
        if (Libc.umount2(target, (int)flags) == 0)
            return true;
        return Libc.LastError is Errno.EINVAL or Errno.ENOENT ? false : throw LinuxException.Last("unmount", target);
    }

    /// <summary>Detaches every mount at or below a path, the deepest first. Returns how many there were.</summary>
    public static int UnmountTree(string path)
    {
        string below = path.TrimEnd('/') + "/";
        int count = 0;
        // mountinfo lists parents before children.
        foreach (MountInfo mount in MountInfo.Read().Reverse())
        {
            if ((mount.MountPoint == path || mount.MountPoint.StartsWith(below, StringComparison.Ordinal)) && TryUnmount(mount.MountPoint, UnmountFlags.Detach | UnmountFlags.NoFollow))
                count++;
        }

        return count;
    }

    /// <summary>True when something is mounted exactly at the path.</summary>
    public static bool IsMountPoint(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return MountInfo.Read().Any(mount => mount.MountPoint == full);
    }

    private static string EscapeOverlay(string path) => path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
}
