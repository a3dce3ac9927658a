using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Bpf.Interop;

/// <summary>The bpf(2) commands that libbpf 1.1 cannot express (tcx links need a relative fd and revision), and fd helpers.</summary>
internal static unsafe partial class Sys
{
    internal const int LinkCreate = 28;

    private const int FdDupCloexec = 1030;

    private static long BpfSyscallNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 321,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 280,
        _ => throw new PlatformNotSupportedException("bpf(2) is not known for this processor architecture"),
    };

    [LibraryImport("libc", SetLastError = true)] private static partial nint syscall(long number, nint cmd, void* attr, nint size);
    [LibraryImport("libc", SetLastError = true)] private static partial int fcntl(int fd, int cmd, nint arg);
    [LibraryImport("libc")] internal static partial int vasprintf(byte** result, byte* format, void* args);
    [LibraryImport("libc")] internal static partial void free(void* p);
    [LibraryImport("libc", SetLastError = true)] internal static partial int prlimit(int pid, int resource, RLimit* newLimit, RLimit* oldLimit);

    /// <summary>bpf(2): the result, or <c>-errno</c> as libbpf does.</summary>
    internal static int Bpf(int command, void* attr, int size)
    {
        var result = syscall(BpfSyscallNumber, command, attr, size);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }

    /// <summary>A second, close-on-exec fd for an fd that libbpf owns, so that it may outlive the bpf_object.</summary>
    internal static SafeFileHandle Duplicate(int fd, string operation, string subject)
    {
        var copy = fcntl(fd, FdDupCloexec, 3);
        return copy >= 0
            ? new SafeFileHandle(copy, ownsHandle: true)
            : throw new BpfException(operation, subject, Marshal.GetLastPInvokeError());
    }

    /// <summary>Wraps a "new fd or -errno" result.</summary>
    internal static SafeFileHandle Own(int result, string operation, string subject) =>
        result >= 0 ? new SafeFileHandle(result, ownsHandle: true) : throw new BpfException(operation, subject, -result);

    [StructLayout(LayoutKind.Sequential)]
    internal struct RLimit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
