namespace Waggle.Linux;

/// <summary>Files that .NET's own API cannot make.</summary>
public static class DeviceNodes
{
    private const uint CharacterDevice = 0x2000;

    /// <summary>Creates a character device node such as <c>/dev/null</c> (1, 3).</summary>
    public static void CreateCharacter(string path, uint major, uint minor, UnixFileMode mode)
    {
        // The encoding of gnu_dev_makedev for small numbers.
        ulong device = ((ulong)(major & 0xfff) << 8) | (minor & 0xff) | ((ulong)(minor & ~0xffu) << 12);
        if (Libc.mknod(path, CharacterDevice | (uint)mode, device) < 0)
            throw LinuxException.Last("mknod", path);
        File.SetUnixFileMode(path, mode); // mknod applies the umask
    }

    /// <summary>Sets owner and group.</summary>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (Libc.chown(path, user, group) < 0)
            throw LinuxException.Last("chown", path);
    }
}
