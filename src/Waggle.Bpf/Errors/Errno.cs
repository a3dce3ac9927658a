namespace Waggle.Bpf;

/// <summary>The errno values this library distinguishes (asm-generic/errno.h; equal on all architectures .NET runs on).</summary>
internal static class Errno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int E2BIG = 7;
    internal const int EAGAIN = 11;
    internal const int ENOMEM = 12;
    internal const int EFAULT = 14;
    internal const int EBUSY = 16;
    internal const int EEXIST = 17;
    internal const int ENODEV = 19;
    internal const int EINVAL = 22;
    internal const int ENOSPC = 28;
    internal const int EINTR = 4;
    internal const int ENOTSUP = 95;
    internal const int ENOLINK = 67;
    internal const int ESTALE = 116;

    /// <summary>Kernel-internal "not supported" that some BPF paths leak to user space.</summary>
    internal const int KernelENOTSUPP = 524;
}
