using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Bpf.Interop;

/// <summary>The bpf(2) commands that libbpf 1.1 cannot express (tcx links need a relative fd and revision), and fd helpers.</summary>
internal static unsafe partial class Sys
{
    internal const int ProgQuery = 16;
    internal const int LinkCreate = 28;

    private static long BpfSyscallNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 321,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 280,
        _ => throw new PlatformNotSupportedException("bpf(2) is not known for this processor architecture"),
    };

    [LibraryImport("libc", SetLastError = true)] private static partial nint syscall(long number, nint cmd, void* attr, nint size);
    [LibraryImport("libc")] internal static partial int vasprintf(byte** result, byte* format, void* args);
    [LibraryImport("libc")] internal static partial void free(void* p);

    /// <summary>bpf(2): the result, or <c>-errno</c> as libbpf does.</summary>
    internal static int Bpf(int command, void* attr, int size)
    {
        var result = syscall(BpfSyscallNumber, command, attr, size);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }

    /// <summary>A second fd for one that libbpf owns, so that it may outlive the bpf_object.</summary>
    internal static FileDescriptor Duplicate(int fd)
    {
        using var borrowed = new FileDescriptor(fd, ownsHandle: false);
        return borrowed.Duplicate();
    }

    /// <summary>Wraps a "new fd or -errno" result.</summary>
    internal static FileDescriptor Own(int result, string operation, string subject) =>
        result >= 0 ? new FileDescriptor(result) : throw new BpfException(operation, subject, (Errno)(-result));
}
