using System.Globalization;

namespace Waggle.Linux;

/// <summary>Signals by number, and settings of this process.</summary>
public static class ProcessControl
{
    /// <summary>Sends a signal to a process, or with a negative number to a process group.</summary>
    /// <returns>False when there is no such process.</returns>
    /// <exception cref="LinuxException">EPERM.</exception>
    public static bool Kill(int pid, Signal signal)
    {
        // Everything the caller may signal, or its own group, is never meant.
        if (pid is 0 or -1)
            throw new ArgumentOutOfRangeException(nameof(pid), pid, "Name one process or one process group");
        if (Libc.kill(pid, (int)signal) == 0)
            return true;
        return Libc.LastError == Errno.ESRCH ? false : throw LinuxException.Last($"send {signal} to process", pid.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Lets orphaned descendants become children of this process instead of init's.</summary>
    public static void BecomeSubreaper()
    {
        if (Libc.prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
            throw LinuxException.Last("become subreaper");
    }

    /// <summary>Has the kernel signal this process when the thread that started it ends. Set it first thing in Main.</summary>
    public static void SetParentDeathSignal(Signal signal)
    {
        if (Libc.prctl(Libc.PR_SET_PDEATHSIG, (nuint)(int)signal, 0, 0, 0) < 0)
            throw LinuxException.Last("set parent death signal");
    }
}
