using System.Globalization;

namespace Waggle.Linux;

/// <summary>A directory of the cgroup v2 hierarchy (cgroups(7)), whether v2 is the only hierarchy or mounted beside v1.</summary>
public sealed partial class Cgroup
{
    private Cgroup(string path) => Path = path;

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>True while the directory exists.</summary>
    public bool Exists => Directory.Exists(Path);

    /// <summary>The root of the v2 hierarchy as this process sees it.</summary>
    /// <exception cref="LinuxException">ENOENT when cgroup v2 is not mounted.</exception>
    public static Cgroup Root() => new(FindMount() ?? throw new LinuxException(
        "find cgroup v2", Errno.ENOENT, "/sys/fs/cgroup", "Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified"));

    /// <summary>Where cgroup v2 is mounted: <c>/sys/fs/cgroup</c>, or <c>/sys/fs/cgroup/unified</c> beside v1; null when nowhere.</summary>
    public static string? FindMount()
    {
        foreach (string usual in (ReadOnlySpan<string>)["/sys/fs/cgroup", "/sys/fs/cgroup/unified"])
        {
            if (Directory.Exists(usual) && FileSystem.Of(usual).Magic == FileSystemMagic.Cgroup2)
                return usual;
        }

        return MountInfo.Read().FirstOrDefault(mount => mount.FileSystemType == "cgroup2")?.MountPoint;
    }

    /// <summary>Names an existing or future directory, absolute or relative to <see cref="Root"/>.</summary>
    public static Cgroup At(string path) => path.StartsWith('/') ? new(path.TrimEnd('/')) : Root().Child(path);

    /// <summary>The directory below this one, which need not exist.</summary>
    public Cgroup Child(string name)
    {
        if (name.Length == 0 || name.Split('/').Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"'{name}' cannot name a cgroup", nameof(name));
        return new Cgroup($"{Path}/{name}");
    }

    /// <summary>Creates the directory and its parents; existing ones are fine. Returns this.</summary>
    public Cgroup Create()
    {
        try
        {
            Directory.CreateDirectory(Path);
            return this;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LinuxException("create cgroup", e is UnauthorizedAccessException ? Errno.EACCES : Errno.EIO, Path, e.Message);
        }
    }

    /// <summary>Child groups.</summary>
    public IEnumerable<Cgroup> Children() => Directory.EnumerateDirectories(Path).Select(path => new Cgroup(path));

    /// <summary>Moves a process, with all its threads, into the group.</summary>
    /// <exception cref="LinuxException">ESRCH when the process is gone; EBUSY when this group delegates controllers to children.</exception>
    public void Attach(int pid) => Write("cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>The processes in this group, without its children. A process of another PID namespace shows as 0.</summary>
    public IReadOnlyList<int> Processes() => Exists ? ReadNumbers("cgroup.procs") : [];

    /// <summary>The processes in this group and everywhere below it.</summary>
    public IReadOnlyList<int> ProcessesRecursive() => Exists ? [.. Processes(), .. Children().SelectMany(child => child.ProcessesRecursive())] : [];

    /// <summary>True while a process lives in this group or below.</summary>
    public bool IsPopulated => Exists && Read("cgroup.events").Contains("populated 1", StringComparison.Ordinal);

    /// <summary>Kills every process in this group and below, those being forked meanwhile included.</summary>
    public void Kill() => Write("cgroup.kill", "1");

    /// <summary>Stops or resumes every process in this group and below. Returns before the last one has stopped.</summary>
    public void SetFrozen(bool frozen) => Write("cgroup.freeze", frozen ? "1" : "0");

    /// <summary>True when all processes are stopped.</summary>
    public bool IsFrozen => Exists && Read("cgroup.events").Contains("frozen 1", StringComparison.Ordinal);

    /// <summary>A file of the group, without the trailing newline.</summary>
    public string Read(string file)
    {
        try
        {
            return File.ReadAllText($"{Path}/{file}").TrimEnd('\n');
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LinuxException("read", Errno.ENOENT, $"{Path}/{file}");
        }
    }

    /// <summary>Writes a file of the group with a single write(2).</summary>
    public void Write(string file, string value)
    {
        string path = $"{Path}/{file}";
        using FileDescriptor descriptor = FileDescriptor.Open(path, OpenFlags.WriteOnly);
        try
        {
            descriptor.Write(System.Text.Encoding.ASCII.GetBytes(value));
        }
        catch (LinuxException e)
        {
            throw new LinuxException($"write '{value}' to", e.Errno, path, e.Hint);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Path;

    private List<int> ReadNumbers(string file)
    {
        List<int> numbers = [];
        foreach (string line in Read(file).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                numbers.Add(number);
        }

        return numbers;
    }
}
