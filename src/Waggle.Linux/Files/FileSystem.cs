namespace Waggle.Linux;

/// <summary>What statfs(2) says of the file system a path lies on. Sizes in bytes.</summary>
/// <param name="Magic">The type's magic number, see <see cref="FileSystemMagic"/>.</param>
/// <param name="TotalBytes">Size.</param>
/// <param name="AvailableBytes">What an unprivileged process may still write.</param>
/// <param name="BlockSize">Preferred transfer size.</param>
public sealed record FileSystem(long Magic, ulong TotalBytes, ulong AvailableBytes, long BlockSize)
{
    /// <summary>Asks for the file system of an existing path.</summary>
    public static unsafe FileSystem Of(string path)
    {
        Libc.statfs_t s = default;
        if (Libc.statfs(path, &s) < 0)
            throw LinuxException.Last("statfs", path);
        ulong block = (ulong)(s.frsize != 0 ? s.frsize : s.bsize);
        return new FileSystem(s.type, s.blocks * block, s.bavail * block, s.bsize);
    }
}

/// <summary>Magic numbers of file systems (linux/magic.h) this project meets.</summary>
public static class FileSystemMagic
{
    public const long Bpf = 0xcafe4a11;
    public const long Cgroup2 = 0x63677270;
    public const long Namespace = 0x6e736673;
    public const long Overlay = 0x794c7630;
    public const long Proc = 0x9fa0;
    public const long Tmpfs = 0x01021994;
}
