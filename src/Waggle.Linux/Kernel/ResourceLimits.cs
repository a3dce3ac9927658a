namespace Waggle.Linux;

/// <summary>Limits of this process.</summary>
public static unsafe class ResourceLimits
{
    /// <summary>Lifts the limit on locked memory; kernels before 5.11 count BPF maps against it.</summary>
    /// <returns>False when the process lacks CAP_SYS_RESOURCE: then the limit is only raised to what it is allowed at most.</returns>
    public static bool RaiseLockedMemory()
    {
        Libc.rlimit_t limit = new() { current = ulong.MaxValue, maximum = ulong.MaxValue };
        if (Libc.setrlimit(Libc.RLIMIT_MEMLOCK, &limit) == 0)
            return true;
        if (Libc.getrlimit(Libc.RLIMIT_MEMLOCK, &limit) == 0)
        {
            limit.current = limit.maximum;
            _ = Libc.setrlimit(Libc.RLIMIT_MEMLOCK, &limit);
        }

        return limit.maximum == ulong.MaxValue;
    }

    /// <summary>Raises the number of files the process may open to what it is allowed at most. Returns the limit in force.</summary>
    public static ulong RaiseOpenFiles()
    {
        Libc.rlimit_t limit = default;
        if (Libc.getrlimit(Libc.RLIMIT_NOFILE, &limit) < 0)
            throw LinuxException.Last("getrlimit");
        ulong before = limit.current;
        limit.current = limit.maximum;
        return Libc.setrlimit(Libc.RLIMIT_NOFILE, &limit) == 0 ? limit.maximum : before;
    }
}
