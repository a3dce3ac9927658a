using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Linux;

/// <summary>An owned file descriptor, closed on dispose and at exec. Never descriptor 0, which too much code takes for "none".</summary>
public sealed class FileDescriptor : SafeHandle
{
    /// <summary>Wraps a descriptor that the caller owns. Descriptor 0 is moved to a higher number first.</summary>
    public FileDescriptor(int descriptor, bool ownsHandle = true)
        : base(-1, ownsHandle)
    {
        if (descriptor == 0 && ownsHandle)
            descriptor = MoveAwayFromZero();
        SetHandle(descriptor);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The descriptor's number; valid while this object is alive and not disposed.</summary>
    public int Number => (int)handle;

    /// <summary>Opens a file; close-on-exec is always set.</summary>
    /// <param name="path">The path.</param>
    /// <param name="flags">Access mode and flags.</param>
    /// <param name="mode">Permission bits for a created file.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static FileDescriptor Open(string path, OpenFlags flags = OpenFlags.ReadOnly, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        int fd = Libc.Retry((path, flags, mode), static s => Libc.open(s.path, (int)s.flags | Libc.O_CLOEXEC, (uint)s.mode));
        return fd < 0 ? throw LinuxException.Last("open", path) : new FileDescriptor(fd);
    }

    /// <summary>A second descriptor of the same open file.</summary>
    public FileDescriptor Duplicate() => DuplicateOf(this);

    /// <summary>A descriptor of its own for the open file or socket behind another handle.</summary>
    public static FileDescriptor DuplicateOf(SafeHandle handle)
    {
        int fd = Libc.fcntl(handle, Libc.F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? throw LinuxException.Last("duplicate descriptor") : new FileDescriptor(fd);
    }

    /// <summary>Reads at most <paramref name="buffer"/>'s length; 0 at the end of the file.</summary>
    public unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = Libc.read(this, start, (nuint)buffer.Length);
                if (count >= 0)
                    return (int)count;
                if (Libc.LastError != Errno.EINTR)
                    throw LinuxException.Last("read");
            }
        }
    }

    /// <summary>Writes all of <paramref name="data"/>.</summary>
    public unsafe void Write(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            nint count;
            fixed (byte* start = data)
                count = Libc.write(this, start, (nuint)data.Length);
            if (count >= 0)
                data = data[(int)count..];
            else if (Libc.LastError != Errno.EINTR)
                throw LinuxException.Last("write");
        }
    }

    /// <summary>Device and inode of the file behind the descriptor: its identity.</summary>
    public FileIdentity Identity()
    {
        unsafe
        {
            Libc.statx_t result = default;
            if (Libc.statx(this, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, &result) < 0)
                throw LinuxException.Last("statx");
            return new FileIdentity(((ulong)result.dev_major << 32) | result.dev_minor, result.ino);
        }
    }

    /// <summary>Waits until the descriptor is readable (or hung up). Blocks the calling thread.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> for ever. Millisecond resolution.</param>
    /// <returns>False when the time is over.</returns>
    public bool WaitReadable(TimeSpan timeout) => Poll.Wait(this, Libc.POLLIN, timeout);

    /// <summary>Gives the descriptor to the caller, who must close it; this object is empty afterwards.</summary>
    public int Release()
    {
        int fd = Number;
        SetHandleAsInvalid();
        handle = -1;
        return fd;
    }

    /// <summary>Moves the descriptor into the type that <see cref="FileStream"/> and <see cref="RandomAccess"/> take.</summary>
    public SafeFileHandle ToFileHandle() => new(Release(), ownsHandle: true);

    /// <summary>Moves the descriptor into a <see cref="Socket"/>.</summary>
    public Socket ToSocket() => new(new SafeSocketHandle(Release(), ownsHandle: true));

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;

    private static int MoveAwayFromZero()
    {
        int moved = Libc.fcntl_raw(0, Libc.F_DUPFD_CLOEXEC, 3);
        if (moved < 0)
            throw LinuxException.Last("duplicate descriptor");
        _ = Libc.close(0);
        return moved;
    }
}
