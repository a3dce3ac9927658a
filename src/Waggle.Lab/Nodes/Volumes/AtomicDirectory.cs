using Waggle.Linux;

namespace Waggle.Lab.Nodes.Volumes;

/// <summary>
/// A directory whose files change all at once: they lie in a directory of their own behind the link <c>..data</c>, which is
/// replaced by rename; each visible name is a link through it. Programs that watch ConfigMap volumes know this shape.
/// </summary>
internal static class AtomicDirectory
{
    private const string DataLink = "..data";

    /// <summary>Makes the directory show exactly these files. Returns false when it did already.</summary>
    /// <exception cref="ArgumentException">A path leads out of the directory or begins with "..".</exception>
    public static bool Write(string directory, IReadOnlyCollection<VolumeFile> files)
    {
        foreach (VolumeFile file in files)
        {
            if (file.Path.Length == 0 || file.Path.StartsWith('/') || file.Path.StartsWith("..", StringComparison.Ordinal) || file.Path.Split('/').Any(part => part is "" or "." or ".."))
                throw new ArgumentException($"'{file.Path}' cannot be a file of a volume", nameof(files));
        }
        Directory.CreateDirectory(directory);
        string link = Path.Combine(directory, DataLink);
        string? old = new FileInfo(link).LinkTarget;
        if (old is not null && IsSame(Path.Combine(directory, old), files))
            return false;

        string name = $"..{DateTime.UtcNow:yyyy_MM_dd_HH_mm_ss}.{Random.Shared.Next():x8}";
        string data = Path.Combine(directory, name);
        foreach (VolumeFile file in files)
            WriteFile(Path.Combine(data, file.Path), file);
        Directory.CreateDirectory(data);

        string next = Path.Combine(directory, "..data_tmp");
        File.Delete(next);
        File.CreateSymbolicLink(next, name);
        FileNames.Rename(next, link);
        ShowNames(directory, [.. files.Select(file => file.Path.Split('/')[0]).Distinct()]);
        if (old is not null)
            Directory.Delete(Path.Combine(directory, old), recursive: true);
        return true;
    }

    private static void WriteFile(string path, VolumeFile file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file.Content);
        File.SetUnixFileMode(path, (UnixFileMode)(file.Mode & 0x1ff));
    }

    private static void ShowNames(string directory, IReadOnlyCollection<string> names)
    {
        foreach (string name in names)
        {
            string path = Path.Combine(directory, name);
            if (new FileInfo(path).LinkTarget is null)
                File.CreateSymbolicLink(path, $"{DataLink}/{name}");
        }
        foreach (FileSystemInfo entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (!entry.Name.StartsWith("..", StringComparison.Ordinal) && !names.Contains(entry.Name))
                entry.Delete();
        }
    }

    private static bool IsSame(string data, IReadOnlyCollection<VolumeFile> files)
    {
        if (!Directory.Exists(data) || Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Count() != files.Count)
            return false;
        foreach (VolumeFile file in files)
        {
            var info = new FileInfo(Path.Combine(data, file.Path));
            if (!info.Exists || info.Length != file.Content.Length || info.UnixFileMode != (UnixFileMode)(file.Mode & 0x1ff)
                || !File.ReadAllBytes(info.FullName).AsSpan().SequenceEqual(file.Content))
                return false;
        }
        return true;
    }
}
