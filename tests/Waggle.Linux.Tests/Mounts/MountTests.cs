namespace Waggle.Linux.Tests.Mounting;

public sealed class MountTests
{
    [Fact]
    public void Overlay_WriteAbove_LowerUnchanged()
    {
        using var directory = new TempDirectory();
        string memory = directory.Make("memory"), root = directory.Make("root"), lower = directory.Make("lo,w:er");
        File.WriteAllText(lower + "/f", "below");
        Mounts.Tmpfs(memory, 1 << 20);
        Directory.CreateDirectory(memory + "/upper");
        Directory.CreateDirectory(memory + "/work");
        Mounts.Overlay(root, [lower], memory + "/upper", memory + "/work");
        Assert.Equal(FileSystemMagic.Overlay, FileSystem.Of(root).Magic);
        File.WriteAllText(root + "/f", "above");
        Assert.Equal("below", File.ReadAllText(lower + "/f"));
        Assert.Equal("above", File.ReadAllText(memory + "/upper/f"));
        Assert.Equal(2, Mounts.UnmountTree(directory.Path));
        Assert.Equal(0, Mounts.UnmountTree(directory.Path));
    }

    [Fact]
    public void Tmpfs_SizeAndMode_AsAsked()
    {
        using var directory = new TempDirectory();
        string path = directory.Make("with space");
        Mounts.Tmpfs(path, 1 << 20, 0b111_000_000);
        Assert.Equal(1ul << 20, FileSystem.Of(path).TotalBytes);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        MountInfo found = Assert.Single(MountInfo.Read(), mount => mount.MountPoint == path);
        Assert.Equal(("tmpfs", "tmpfs"), (found.FileSystemType, found.Source));
        Assert.True(Mounts.IsMountPoint(path + "/"));
        Mounts.Unmount(path);
        Assert.False(Mounts.IsMountPoint(path));
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => Mounts.Unmount(path)).Errno);
    }

    [Fact]
    public void Bind_ReadOnly_WritesRefused()
    {
        using var directory = new TempDirectory();
        string source = directory.Make("source"), target = directory.Make("target");
        File.WriteAllText(source + "/f", "x");
        Mounts.Bind(source, target, readOnly: true);
        Assert.Equal("x", File.ReadAllText(target + "/f"));
        Assert.Throws<IOException>(() => File.WriteAllText(target + "/g", "y"));
        File.WriteAllText(source + "/g", "y");
    }

    [Fact]
    public void Move_SharedAndPrivate_AsMountinfoShows()
    {
        using var directory = new TempDirectory();
        string parent = directory.Make("parent");
        Mounts.EnsureShared(parent);
        Mounts.EnsureShared(parent);
        Assert.StartsWith("shared:", Assert.Single(Assert.Single(MountInfo.Read(), mount => mount.MountPoint == parent).Propagation), StringComparison.Ordinal);
        Mounts.SetPropagation(parent, MountPropagation.Private);
        string from = Directory.CreateDirectory(parent + "/from").FullName, to = Directory.CreateDirectory(parent + "/to").FullName;
        Mounts.Tmpfs(from);
        Mounts.Move(from, to);
        Assert.True(Mounts.IsMountPoint(to));
        Assert.False(Mounts.IsMountPoint(from));
    }

    [Fact]
    public void Bpf_NewFileSystem_Empty()
    {
        using var directory = new TempDirectory();
        string path = directory.Make("bpf");
        Mounts.Bpf(path);
        Assert.Equal(FileSystemMagic.Bpf, FileSystem.Of(path).Magic);
        Assert.Empty(Directory.GetDirectories(path, "waggle*"));
    }

    [Fact]
    public void Mount_UnknownType_NamesTypeAndTarget()
    {
        using var directory = new TempDirectory();
        var e = Assert.Throws<LinuxException>(() => Mounts.Mount(null, directory.Path, "nosuchfs"));
        Assert.Equal(Errno.ENODEV, e.Errno);
        Assert.StartsWith($"mount nosuchfs at {directory.Path}: ENODEV", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OddLines_EscapesUndoneBadOnesSkipped()
    {
        string[] lines =
        [
            @"36 35 98:0 /mnt1 /a\040b\134c rw,noatime master:1 shared:7 - ext3 /dev/root rw",
            "36 35 98:0 / / rw - ext3",
            "",
            "x 35 98:0 / / rw - ext3 a rw",
            @"37 36 0:1 / /end\04 rw - tmpfs tmpfs rw",
        ];
        IReadOnlyList<MountInfo> mounts = MountInfo.Parse(lines);
        Assert.Equal([@"/a b\c", @"/end\04"], mounts.Select(mount => mount.MountPoint));
        Assert.Equal(["master:1", "shared:7"], mounts[0].Propagation);
        Assert.Equal(("ext3", "/dev/root", "/mnt1", 35), (mounts[0].FileSystemType, mounts[0].Source, mounts[0].Root, mounts[0].ParentId));
    }
}
