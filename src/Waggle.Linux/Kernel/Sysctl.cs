namespace Waggle.Linux;

/// <summary>Kernel parameters under /proc/sys.</summary>
public static class Sysctl
{
    /// <summary>Reads a parameter, without the trailing newline.</summary>
    /// <param name="name">Either <c>net/ipv4/conf/eth0.1/forwarding</c> or, when no part contains a dot, <c>net.ipv4.ip_forward</c>.</param>
    /// <param name="inside">The namespace whose value is meant; null for the calling process's.</param>
    /// <exception cref="LinuxException">ENOENT when this kernel has no such parameter.</exception>
    public static string Read(string name, NetworkNamespace? inside = null)
    {
        string path = PathOf(name);
        return inside is null ? ReadFile(path, name) : inside.Run(() => ReadFile(path, name));
    }

    /// <summary>Writes a parameter.</summary>
    /// <inheritdoc cref="Read" path="/param"/>
    /// <exception cref="LinuxException">ENOENT when this kernel has no such parameter, EINVAL for a value it refuses.</exception>
    public static void Write(string name, string value, NetworkNamespace? inside = null)
    {
        string path = PathOf(name);
        if (inside is null)
            WriteFile(path, name, value);
        else
            inside.Run(() => WriteFile(path, name, value));
    }

    /// <summary>Writes many parameters with one visit to the namespace.</summary>
    public static void WriteAll(IReadOnlyCollection<KeyValuePair<string, string>> values, NetworkNamespace? inside = null)
    {
        if (inside is not null)
        {
            inside.Run(() => WriteAll(values));
            return;
        }

        foreach ((string name, string value) in values)
            WriteFile(PathOf(name), name, value);
    }

    /// <summary>True when this kernel has the parameter.</summary>
    public static bool Exists(string name, NetworkNamespace? inside = null)
    {
        string path = PathOf(name);
        return inside is null ? File.Exists(path) : inside.Run(() => File.Exists(path));
    }

    private static string PathOf(string name)
    {
        string relative = name.Contains('/') ? name.TrimStart('/') : name.Replace('.', '/');
        if (relative.Length == 0 || relative.Split('/').Contains(".."))
            throw new ArgumentException($"'{name}' is not the name of a kernel parameter", nameof(name));
        return "/proc/sys/" + relative;
    }

    private static string ReadFile(string path, string name)
    {
        Span<byte> buffer = stackalloc byte[4096];
        try
        {
            using FileDescriptor file = FileDescriptor.Open(path);
            int count = file.Read(buffer);
            return System.Text.Encoding.UTF8.GetString(buffer[..count]).TrimEnd('\n');
        }
        catch (LinuxException e)
        {
            throw new LinuxException("read sysctl", e.Errno, name, e.Hint);
        }
    }

    private static void WriteFile(string path, string name, string value)
    {
        try
        {
            using FileDescriptor file = FileDescriptor.Open(path, OpenFlags.WriteOnly);
            file.Write(System.Text.Encoding.UTF8.GetBytes(value));
        }
        catch (LinuxException e)
        {
            throw new LinuxException($"write '{value}' to sysctl", e.Errno, name, e.Hint);
        }
    }
}
