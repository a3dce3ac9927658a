namespace Waggle.Linux;

public sealed partial class NetworkNamespace
{
    /// <summary>Where <c>ip netns</c> keeps its namespaces.</summary>
    public const string DefaultDirectory = "/run/netns";

    /// <summary>Creates a namespace and mounts it at a path, where <c>ip netns</c> and CNI plugins find it.</summary>
    /// <param name="nameOrPath">A name below <see cref="DefaultDirectory"/>, or an absolute path.</param>
    /// <param name="shareDirectory">
    /// Makes the directory a shared mount, so that deleting the namespace reaches mount namespaces that copied it;
    /// null does so for <see cref="DefaultDirectory"/> only, as <c>ip netns</c> does.
    /// </param>
    /// <exception cref="LinuxException">EEXIST when the path is taken.</exception>
    public static NetworkNamespace CreateNamed(string nameOrPath, bool? shareDirectory = null)
    {
        string path = NamedPath(nameOrPath);
        string directory = System.IO.Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        if (shareDirectory ?? directory is DefaultDirectory or "/var/run/netns")
            Mounts.EnsureShared(directory);

        using (FileDescriptor.Open(path, OpenFlags.ReadOnly | OpenFlags.Create | OpenFlags.Exclusive, UnixFileMode.None))
        {
        }

        NetworkNamespace? created = null;
        try
        {
            created = Create();
            // The mount holds the namespace; the descriptor's magic link is a valid source while the descriptor is open.
            Mounts.Mount($"/proc/self/fd/{created.Descriptor.Number}", path, null, MountFlags.Bind);
            return new NetworkNamespace(FileDescriptor.Open(path), path);
        }
        catch
        {
            _ = DeleteNamed(path);
            throw;
        }
        finally
        {
            created?.Dispose();
        }
    }

    /// <summary>Opens a named namespace, creating it when it is not there or when only its empty file was left behind (as after a reboot).</summary>
    public static NetworkNamespace EnsureNamed(string nameOrPath, bool? shareDirectory = null)
    {
        string path = NamedPath(nameOrPath);
        if (NamedExists(path))
            return Open(path);
        _ = DeleteNamed(path);
        return CreateNamed(path, shareDirectory);
    }

    /// <summary>True when a namespace is mounted at the name or path.</summary>
    public static bool NamedExists(string nameOrPath)
    {
        string path = NamedPath(nameOrPath);
        return File.Exists(path) && FileSystem.Of(path).Magic == FileSystemMagic.Namespace;
    }

    /// <summary>Unmounts a named namespace and removes its file. The namespace itself ends with its last user.</summary>
    /// <returns>False when there was nothing.</returns>
    public static bool DeleteNamed(string nameOrPath)
    {
        string path = NamedPath(nameOrPath);
        if (!File.Exists(path))
            return false;
        while (Mounts.TryUnmount(path, UnmountFlags.Detach))
        {
        }

        File.Delete(path);
        return true;
    }

    /// <summary>The full path of a name as <c>ip netns</c> resolves it.</summary>
    public static string NamedPath(string nameOrPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        if (nameOrPath[0] == '/')
            return nameOrPath;
        if (nameOrPath.Contains('/') || nameOrPath is "." or "..")
            throw new ArgumentException($"'{nameOrPath}' is neither a name nor an absolute path", nameof(nameOrPath));
        return $"{DefaultDirectory}/{nameOrPath}";
    }
}
