namespace Waggle.Linux.Tests.Files;

public sealed class FileDescriptorTests
{
    [Fact]
    public void OpenWriteRead_File_Contents()
    {
        using var directory = new TempDirectory();
        string path = directory.Path + "/f";
        using (FileDescriptor file = FileDescriptor.Open(path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive))
            file.Write("hello"u8);
        using FileDescriptor again = FileDescriptor.Open(path);
        Span<byte> buffer = stackalloc byte[16];
        Assert.Equal(5, again.Read(buffer));
        Assert.Equal("hello"u8, buffer[..5]);
        Assert.Equal(0, again.Read(buffer));
        using FileDescriptor second = again.Duplicate();
        Assert.NotEqual(again.Number, second.Number);
        Assert.Equal(again.Identity(), second.Identity());
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => FileDescriptor.Open(path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive)).Errno);
        Assert.Equal(Errno.EBADF, Assert.Throws<LinuxException>(() => FileDescriptor.Open(path).Write("x"u8)).Errno);
    }

    [Fact]
    public void Open_Always_CloseOnExec()
    {
        using FileDescriptor file = FileDescriptor.Open("/dev/null");
        string flags = File.ReadLines($"/proc/self/fdinfo/{file.Number}").Single(line => line.StartsWith("flags:", StringComparison.Ordinal));
        Assert.NotEqual(0, Convert.ToInt32(flags[6..].Trim(), 8) & 0x80000);
    }

    [Fact]
    public void Dispose_ThenUse_ObjectDisposed()
    {
        FileDescriptor file = FileDescriptor.Open("/dev/null");
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Duplicate());
    }

    [Fact]
    public void Release_GivesAwayTheNumber_DisposeDoesNotClose()
    {
        FileDescriptor file = FileDescriptor.Open("/dev/null");
        int number = file.Release();
        file.Dispose();
        using var owner = new FileDescriptor(number);
        Assert.Equal(1, owner.Read(stackalloc byte[0]) + 1); // still open
    }

    [Fact]
    public void FileLock_SecondHolder_RefusedUntilReleased()
    {
        using var directory = new TempDirectory();
        string path = directory.Path + "/lock";
        FileLock? first = FileLock.TryAcquire(path);
        Assert.NotNull(first);
        Assert.Null(FileLock.TryAcquire(path));
        first.Dispose();
        using FileLock? second = FileLock.TryAcquire(path);
        Assert.NotNull(second);
    }

    [Fact]
    public void FileSystem_Proc_Magic()
    {
        Assert.Equal(FileSystemMagic.Proc, FileSystem.Of("/proc").Magic);
        Assert.True(FileSystem.Of("/tmp").TotalBytes > FileSystem.Of("/tmp").AvailableBytes / 2);
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => FileSystem.Of("/nonexistent")).Errno);
    }

    [Fact]
    public void CreateCharacter_Null_Works()
    {
        using var directory = new TempDirectory();
        string path = directory.Path + "/null";
        DeviceNodes.CreateCharacter(path, 1, 3, (UnixFileMode)0b110_110_110);
        using FileDescriptor node = FileDescriptor.Open(path, OpenFlags.ReadWrite);
        node.Write("gone"u8);
        Assert.Equal(0, node.Read(stackalloc byte[4]));
        Assert.Equal((UnixFileMode)0b110_110_110, File.GetUnixFileMode(path));
    }
}
