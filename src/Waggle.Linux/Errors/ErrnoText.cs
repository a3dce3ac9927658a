using System.Runtime.InteropServices;

namespace Waggle.Linux;

/// <summary>Names and texts of error numbers.</summary>
public static class ErrnoText
{
    /// <summary>The symbolic name, e.g. <c>ENOENT</c>; <c>E4711</c> style for numbers this library does not know.</summary>
    public static string Name(Errno errno) => Enum.GetName(errno) ?? $"errno {(int)errno}";

    /// <summary>Name and the C library's text, e.g. <c>ENOENT (No such file or directory)</c>.</summary>
    public static string Describe(Errno errno) => $"{Name(errno)} ({Marshal.GetPInvokeErrorMessage((int)errno)})";

    /// <summary>Advice that holds whatever the operation was.</summary>
    public static string? Hint(Errno errno) => errno switch
    {
        Errno.EPERM => "Run as root with CAP_SYS_ADMIN and CAP_NET_ADMIN",
        Errno.EMFILE => "The process has too many open files; raise LimitNOFILE",
        Errno.ENFILE => "The machine has too many open files; raise fs.file-max",
        Errno.ENOSYS => "This kernel lacks the system call; Linux 6.1 or newer is needed",
        _ => null,
    };
}
