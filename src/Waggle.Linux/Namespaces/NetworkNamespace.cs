using System.Globalization;

namespace Waggle.Linux;

/// <summary>
/// A network namespace, kept alive by the descriptor held here. Work inside it happens on a thread made for the purpose,
/// so that the caller's thread, and the thread pool, never change namespace.
/// </summary>
public sealed partial class NetworkNamespace : IDisposable, IEquatable<NetworkNamespace>
{
    private NetworkNamespace(FileDescriptor descriptor, string? path)
    {
        Descriptor = descriptor;
        Path = path;
        Id = descriptor.Identity();
    }

    /// <summary>The namespace's own descriptor, for netlink attributes and SCM_RIGHTS; owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>The path it was opened by or mounted at; null for an anonymous one.</summary>
    public string? Path { get; }

    /// <summary>Device and inode: equal for every handle of one namespace.</summary>
    public FileIdentity Id { get; }

    /// <summary>The number shown by <c>lsns</c> and <c>readlink /proc/self/ns/net</c>.</summary>
    public ulong Inode => Id.Inode;

    /// <summary>Creates a namespace that lives as long as a handle, a process or a mount refers to it. Its loopback device is down.</summary>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_ADMIN; ENOSPC when user.max_net_namespaces is reached.</exception>
    public static NetworkNamespace Create() =>
        new(NamespaceThread.Run(null, static () =>
        {
            if (Libc.unshare(Libc.CLONE_NEWNET) < 0)
                throw LinuxException.Last("create network namespace");
            return FileDescriptor.Open(NamespaceThread.OwnNamespace);
        }), null);

    /// <summary>Opens a namespace by the path it is mounted at, e.g. CNI_NETNS.</summary>
    /// <exception cref="LinuxException">ENOENT; EINVAL when the path is not a namespace.</exception>
    public static NetworkNamespace Open(string path)
    {
        FileDescriptor descriptor = FileDescriptor.Open(path);
        try
        {
            if (FileSystem.Of(path).Magic is not (FileSystemMagic.Namespace or FileSystemMagic.Proc))
                throw new LinuxException("open network namespace", Errno.EINVAL, path, "The path exists but no namespace is mounted there");
            return new NetworkNamespace(descriptor, path);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>The namespace of a running process.</summary>
    public static NetworkNamespace OfProcess(int pid)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net");
        return new NetworkNamespace(FileDescriptor.Open(path), null);
    }

    /// <summary>The calling thread's namespace: the one the process was started in.</summary>
    public static NetworkNamespace Current() => new(FileDescriptor.Open(NamespaceThread.OwnNamespace), null);

    /// <summary>Takes over a descriptor, e.g. one received by SCM_RIGHTS.</summary>
    /// <exception cref="LinuxException">EINVAL when it is no network namespace; the descriptor is closed then.</exception>
    public static NetworkNamespace FromDescriptor(FileDescriptor descriptor)
    {
        var result = new NetworkNamespace(descriptor, null);
        try
        {
            result.Run(static () => { });
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>A second handle of the same namespace.</summary>
    public NetworkNamespace Duplicate() => new(Descriptor.Duplicate(), Path);

    /// <summary>Runs <paramref name="action"/> inside the namespace on a thread of its own and waits for it.</summary>
    /// <remarks>
    /// Sockets, files under /proc/thread-self/net and /proc/sys/net, and processes started by the action belong to the namespace.
    /// Asynchronous code would leave the thread: do not start any.
    /// </remarks>
    public void Run(Action action) => NamespaceThread.Run<object?>(this, () =>
    {
        action();
        return null;
    });

    /// <inheritdoc cref="Run(Action)"/>
    public T Run<T>(Func<T> function) => NamespaceThread.Run(this, function);

    /// <summary>As <see cref="Run{T}(Func{T})"/>, without blocking the caller. The function itself must be synchronous.</summary>
    public Task<T> RunAsync<T>(Func<T> function) => NamespaceThread.RunAsync(this, function);

    /// <inheritdoc cref="RunAsync{T}(Func{T})"/>
    public Task RunAsync(Action action) => NamespaceThread.RunAsync<object?>(this, () =>
    {
        action();
        return null;
    });

    /// <inheritdoc/>
    public bool Equals(NetworkNamespace? other) => other is not null && Id == other.Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NetworkNamespace);

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Path ?? string.Create(CultureInfo.InvariantCulture, $"net:[{Inode}]");

    /// <summary>Closes this handle. A namespace mounted at a path stays until <see cref="DeleteNamed"/>.</summary>
    public void Dispose() => Descriptor.Dispose();
}
