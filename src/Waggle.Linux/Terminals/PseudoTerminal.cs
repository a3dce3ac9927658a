using System.Text;

namespace Waggle.Linux;

/// <summary>A pseudo-terminal pair (pty(7)): the master side here, the slave side for a program.</summary>
public sealed unsafe class PseudoTerminal : IDisposable
{
    private PseudoTerminal(FileDescriptor master, string slavePath)
    {
        Master = master;
        SlavePath = slavePath;
    }

    /// <summary>The master side; owned by this object.</summary>
    public FileDescriptor Master { get; }

    /// <summary>The slave side's path as this process sees it, e.g. <c>/dev/pts/3</c>; empty for an adopted one.</summary>
    public string SlavePath { get; }

    /// <summary>Takes over a master side that another process opened, e.g. inside a container, and passed by SCM_RIGHTS.</summary>
    /// <param name="master">Owned by the result from now on.</param>
    public static PseudoTerminal Adopt(FileDescriptor master) => new(master, "");

    /// <summary>Opens a new pair.</summary>
    /// <exception cref="LinuxException">ENOSPC when kernel.pty.max is reached.</exception>
    public static PseudoTerminal Open()
    {
        int fd = Libc.posix_openpt((int)OpenFlags.ReadWrite | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        if (fd < 0)
            throw LinuxException.Last("open pseudo-terminal");
        var master = new FileDescriptor(fd);
        try
        {
            byte* name = stackalloc byte[128];
            if (Libc.grantpt(master) < 0 || Libc.unlockpt(master) < 0)
                throw LinuxException.Last("unlock pseudo-terminal");
            int error = Libc.ptsname_r(master, name, 128);
            if (error != 0)
                throw new LinuxException("name pseudo-terminal", (Errno)error);
            return new PseudoTerminal(master, Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)));
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>Opens the slave side without making it the caller's controlling terminal. Works without /dev/pts in sight.</summary>
    public FileDescriptor OpenSlave()
    {
        int fd = Libc.ioctl(Master, Libc.TIOCGPTPEER, (int)OpenFlags.ReadWrite | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        return fd < 0 ? throw LinuxException.Last("open terminal", SlavePath) : new FileDescriptor(fd);
    }

    /// <summary>Sets the size in characters; the foreground process group gets SIGWINCH.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        ushort* size = stackalloc ushort[4] { rows, columns, 0, 0 }; // struct winsize
        if (Libc.ioctl(Master, Libc.TIOCSWINSZ, (nint)size) < 0)
            throw LinuxException.Last("resize terminal", SlavePath);
    }

    /// <summary>The size in characters.</summary>
    public (ushort Columns, ushort Rows) Size()
    {
        ushort* size = stackalloc ushort[4];
        if (Libc.ioctl(Master, Libc.TIOCGWINSZ, (nint)size) < 0)
            throw LinuxException.Last("read size of terminal", SlavePath);
        return (size[1], size[0]);
    }

    /// <summary>A stream over the master side, on a descriptor of its own; it ends when the last slave is closed.</summary>
    public DescriptorStream OpenStream() => new(Master.Duplicate());

    /// <inheritdoc/>
    public void Dispose() => Master.Dispose();
}
