namespace Waggle.Linux;

public sealed partial class Cgroup
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Removes the group and all below it; nothing to do when it is not there.</summary>
    /// <exception cref="LinuxException">EBUSY when processes still live in it.</exception>
    public void Remove()
    {
        if (!Exists)
            return;
        foreach (Cgroup child in Children().ToArray())
            child.Remove();
        if (Libc.rmdir(Path) < 0 && Libc.LastError != Errno.ENOENT)
            throw LinuxException.Last("remove cgroup", Path, Libc.LastError == Errno.EBUSY ? "Processes still live in it" : null);
    }

    /// <summary>Kills all processes in the group and below, waits until they are gone and removes the groups.</summary>
    /// <param name="timeout">How long the processes may take; one in uninterruptible sleep does not die.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="LinuxException">EBUSY when processes are left after the timeout.</exception>
    public async Task KillAndRemoveAsync(TimeSpan timeout, CancellationToken cancellation = default)
    {
        if (!Exists)
            return;
        Kill();
        await WaitEmptyAsync(timeout, cancellation).ConfigureAwait(false);
        Remove();
    }

    /// <summary>Waits until no process lives in the group or below.</summary>
    /// <exception cref="LinuxException">EBUSY after the timeout.</exception>
    public async Task WaitEmptyAsync(TimeSpan timeout, CancellationToken cancellation = default)
    {
        long deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        // The kernel tells of changes by POLLPRI and inotify only; a killed group is usually empty within the first millisecond.
        TimeSpan pause = TimeSpan.FromMilliseconds(1);
        while (IsPopulated)
        {
            if (Environment.TickCount64 >= deadline)
                throw new LinuxException("wait for processes of cgroup", Errno.EBUSY, Path, $"Still alive: {string.Join(", ", ProcessesRecursive().Take(10))}");
            await Task.Delay(pause, cancellation).ConfigureAwait(false);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }
}
