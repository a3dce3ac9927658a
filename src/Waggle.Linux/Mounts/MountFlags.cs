namespace Waggle.Linux;

/// <summary>Flags of mount(2).</summary>
[Flags]
public enum MountFlags : uint
{
    None = 0,
    ReadOnly = 1,
    NoSuid = 2,
    NoDevices = 4,
    NoExecute = 8,
    Remount = 32,
    Bind = 4096,
    Move = 8192,
    Recursive = 16384,
    Silent = 32768,
    Unbindable = 1 << 17,
    Private = 1 << 18,
    Slave = 1 << 19,
    Shared = 1 << 20,
    RelativeAccessTime = 1 << 21,
}

/// <summary>Flags of umount2(2).</summary>
[Flags]
public enum UnmountFlags
{
    None = 0,
    Force = 1,

    /// <summary>Takes the mount out of the tree now; it ends when its last user does.</summary>
    Detach = 2,
    NoFollow = 8,
}

/// <summary>How mounts and unmounts below a mount travel to its copies (mount_namespaces(7)).</summary>
public enum MountPropagation
{
    Private,
    Shared,
    Slave,
    Unbindable,
}
