using System.Runtime.InteropServices;

namespace Waggle.Linux;

/// <summary>poll(2) on one or two descriptors.</summary>
internal static unsafe class Poll
{
    internal static bool Wait(SafeHandle handle, short events, TimeSpan timeout)
    {
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            Libc.pollfd_t entry = new() { fd = (int)handle.DangerousGetHandle(), events = events };
            return Run(&entry, 1, timeout) > 0;
        }
        finally
        {
            if (held)
                handle.DangerousRelease();
        }
    }

    /// <summary>Waits for the handle or for the wake-up descriptor; true when the handle is ready.</summary>
    internal static bool WaitOrWake(SafeHandle handle, short events, SafeHandle wake)
    {
        bool held = false, wakeHeld = false;
        try
        {
            handle.DangerousAddRef(ref held);
            wake.DangerousAddRef(ref wakeHeld);
            Libc.pollfd_t* entries = stackalloc Libc.pollfd_t[2];
            entries[0] = new() { fd = (int)handle.DangerousGetHandle(), events = events };
            entries[1] = new() { fd = (int)wake.DangerousGetHandle(), events = Libc.POLLIN };
            Run(entries, 2, Timeout.InfiniteTimeSpan);
            return entries[1].revents == 0;
        }
        finally
        {
            if (held)
                handle.DangerousRelease();
            if (wakeHeld)
                wake.DangerousRelease();
        }
    }

    private static int Run(Libc.pollfd_t* entries, int count, TimeSpan timeout)
    {
        long deadline = timeout < TimeSpan.Zero ? long.MaxValue : Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds);
        while (true)
        {
            int wait = deadline == long.MaxValue ? -1 : (int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue);
            int ready = Libc.poll(entries, (nuint)count, wait);
            if (ready >= 0)
                return ready;
            if (Libc.LastError != Errno.EINTR)
                throw LinuxException.Last("poll");
        }
    }
}
