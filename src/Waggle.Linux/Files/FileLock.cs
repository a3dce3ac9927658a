namespace Waggle.Linux;

/// <summary>An exclusive lock on a file (flock(2)), held until disposed or until the process dies, however it dies.</summary>
public sealed class FileLock : IDisposable
{
    private readonly FileDescriptor _file;

    private FileLock(FileDescriptor file) => _file = file;

    /// <summary>Takes the lock if nobody holds it; creates the file when missing.</summary>
    /// <returns>Null when another process, or another <see cref="FileLock"/> in this one, holds it.</returns>
    public static FileLock? TryAcquire(string path) => Acquire(path, Libc.LOCK_EX | Libc.LOCK_NB);

    /// <summary>Takes the lock, blocking the calling thread until it is free.</summary>
    public static FileLock Acquire(string path) => Acquire(path, Libc.LOCK_EX)!;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileLock? Acquire(string path, int operation)
    {
        FileDescriptor file = FileDescriptor.Open(path, OpenFlags.ReadWrite | OpenFlags.Create);
        if (Libc.Retry((file, operation), static s => Libc.flock(s.file, s.operation)) == 0)
            return new FileLock(file);
        Errno errno = Libc.LastError;
        file.Dispose();
        return errno == Errno.EAGAIN ? null : throw new LinuxException("lock", errno, path);
    }
}
