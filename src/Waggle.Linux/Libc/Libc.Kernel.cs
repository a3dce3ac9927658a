using System.Runtime.InteropServices;

namespace Waggle.Linux;

// sched.h, sys/mount.h, sys/statfs.h, sys/resource.h, sys/utsname.h, sys/prctl.h, sys/wait.h, signal.h, stdlib.h, sys/ioctl.h
internal static unsafe partial class Libc
{
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int RLIMIT_NOFILE = 7;
    internal const int RLIMIT_MEMLOCK = 8;
    internal const int PR_SET_PDEATHSIG = 1;
    internal const int PR_SET_CHILD_SUBREAPER = 36;
    internal const int P_PIDFD = 3;
    internal const int WEXITED = 4;
    internal const long SYS_pidfd_send_signal = 424;
    internal const long SYS_pidfd_open = 434;
    internal const uint TIOCSWINSZ = 0x5414;
    internal const uint TIOCGWINSZ = 0x5413;
    internal const uint TIOCGPTPEER = 0x5441;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(SafeHandle fd, int type);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string? source, string target, string? type, nuint flags, string? data);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statfs(string path, statfs_t* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getrlimit(int resource, rlimit_t* limit);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setrlimit(int resource, rlimit_t* limit);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int waitid(int idType, int id, byte* siginfo, int options);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint syscall4(long number, nint a, nint b, nint c, nint d);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int posix_openpt(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int grantpt(SafeHandle fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unlockpt(SafeHandle fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ptsname_r(SafeHandle fd, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeHandle fd, nuint request, nint argument);

    [StructLayout(LayoutKind.Sequential)]
    internal struct rlimit_t
    {
        public ulong current;
        public ulong maximum;
    }

    /// <summary>struct statfs of 64-bit Linux (asm-generic/statfs.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct statfs_t
    {
        public long type;
        public long bsize;
        public ulong blocks;
        public ulong bfree;
        public ulong bavail;
        public ulong files;
        public ulong ffree;
        public ulong fsid;
        public long namelen;
        public long frsize;
        public long flags;
        public long spare0, spare1, spare2, spare3;
    }
}
