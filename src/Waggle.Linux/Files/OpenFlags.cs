namespace Waggle.Linux;

/// <summary>Flags of open(2).</summary>
[Flags]
public enum OpenFlags
{
    ReadOnly = 0,
    WriteOnly = 1,
    ReadWrite = 2,
    Create = 0x40,
    Exclusive = 0x80,
    NoControllingTerminal = 0x100,
    Truncate = 0x200,
    Append = 0x400,
    NonBlocking = 0x800,
    Directory = 0x10000,
    NoFollow = 0x20000,
    Path = 0x200000,
}

/// <summary>What makes two descriptors the same file.</summary>
/// <param name="Device">The device, major in the upper and minor in the lower 32 bits.</param>
/// <param name="Inode">The inode number.</param>
public readonly record struct FileIdentity(ulong Device, ulong Inode);
