namespace Waggle.Linux.Tests.Errors;

public sealed class LinuxExceptionTests
{
    [Fact]
    public void Message_AllParts_InOrder()
    {
        var e = new LinuxException("mount overlay at", Errno.EINVAL, "/x", "Look at dmesg");
        Assert.Equal("mount overlay at /x: EINVAL (Invalid argument). Look at dmesg", e.Message);
        Assert.Equal((Errno.EINVAL, "mount overlay at", "/x", "Look at dmesg"), (e.Errno, e.Operation, e.Target, e.Hint));
    }

    [Fact]
    public void Name_KnownAndUnknown_Readable()
    {
        Assert.Equal("ENOENT", ErrnoText.Name((Errno)2));
        Assert.Equal("EAGAIN", ErrnoText.Name((Errno)11));
        Assert.Equal("EOPNOTSUPP", ErrnoText.Name((Errno)95));
        Assert.Equal("errno 4711", ErrnoText.Name((Errno)4711));
    }

    [Fact]
    public void Open_MissingFile_NamesOperationAndPath()
    {
        var e = Assert.Throws<LinuxException>(() => FileDescriptor.Open("/nonexistent/x"));
        Assert.Equal(Errno.ENOENT, e.Errno);
        Assert.StartsWith("open /nonexistent/x: ENOENT (No such file or directory)", e.Message, StringComparison.Ordinal);
    }
}
