using System.Globalization;

namespace Waggle.Linux;

/// <summary>A process held by descriptor (pidfd_open(2)): signals reach this very process even after its number was reused.</summary>
public sealed unsafe class PidDescriptor : IDisposable
{
    private readonly FileDescriptor _descriptor;

    private PidDescriptor(FileDescriptor descriptor, int pid)
    {
        _descriptor = descriptor;
        Pid = pid;
    }

    /// <summary>The number at the time of opening.</summary>
    public int Pid { get; }

    /// <summary>Opens a process; null when there is none.</summary>
    public static PidDescriptor? TryOpen(int pid)
    {
        nint fd = Libc.syscall4(Libc.SYS_pidfd_open, pid, 0, 0, 0);
        if (fd >= 0)
            return new PidDescriptor(new FileDescriptor((int)fd), pid);
        return Libc.LastError is Errno.ESRCH ? null : throw LinuxException.Last("open process", pid.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public bool Send(Signal signal)
    {
        bool held = false;
        try
        {
            _descriptor.DangerousAddRef(ref held);
            if (Libc.syscall4(Libc.SYS_pidfd_send_signal, _descriptor.Number, (int)signal, 0, 0) == 0)
                return true;
            return Libc.LastError == Errno.ESRCH ? false : throw LinuxException.Last($"send {signal} to process", Pid.ToString(CultureInfo.InvariantCulture));
        }
        finally
        {
            if (held)
                _descriptor.DangerousRelease();
        }
    }

    /// <summary>Waits until the process has ended (reaped or not). Blocks the calling thread.</summary>
    /// <returns>False when the time is over.</returns>
    public bool WaitForExit(TimeSpan timeout) => _descriptor.WaitReadable(timeout);

    /// <summary>Completes when the process has ended (reaped or not). Costs a thread while it waits.</summary>
    public Task WaitForExitAsync(CancellationToken cancellation = default) => DescriptorStream.WaitReadableAsync(_descriptor, cancellation);

    /// <summary>Reaps an ended child of this process.</summary>
    /// <returns>Its exit code, 128 + signal when a signal ended it; null when it still runs or is no child (any more).</returns>
    public int? TryReap()
    {
        byte* info = stackalloc byte[128]; // siginfo_t
        new Span<byte>(info, 128).Clear();
        const int noHang = 1;
        if (Libc.Retry((nint)info, i => Libc.waitid(Libc.P_PIDFD, _descriptor.Number, (byte*)i, Libc.WEXITED | noHang)) < 0)
            return Libc.LastError == Errno.ECHILD ? null : throw LinuxException.Last("reap process", Pid.ToString(CultureInfo.InvariantCulture));
        int pid = *(int*)(info + 12), status = *(int*)(info + 24), code = *(int*)(info + 8);
        const int exited = 1; // CLD_EXITED
        return pid == 0 ? null : code == exited ? status : 128 + status;
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
