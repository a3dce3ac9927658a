namespace Waggle.Linux;

/// <summary>Operations on names that .NET cannot express.</summary>
public static class FileNames
{
    /// <summary>rename(2): replaces <paramref name="to"/> at once. Also moves symbolic links to directories, which <see cref="File.Move(string, string, bool)"/> refuses.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Rename(string from, string to)
    {
        if (Libc.rename(from, to) < 0)
            throw LinuxException.Last("rename", from);
    }
}
