using System.Globalization;
using System.Text;

namespace Waggle.Linux;

/// <summary>One line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Id">The mount's id.</param>
/// <param name="ParentId">The id of the mount it is mounted on.</param>
/// <param name="Device">Major and minor number, <c>0:42</c>.</param>
/// <param name="Root">The directory of the file system that forms this mount's root.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Options">Options of the mount.</param>
/// <param name="Propagation">Optional fields, e.g. <c>shared:1</c>.</param>
/// <param name="FileSystemType">E.g. <c>cgroup2</c>.</param>
/// <param name="Source">Device or another word the file system gives.</param>
/// <param name="SuperOptions">Options of the file system.</param>
public sealed record MountInfo(
    int Id,
    int ParentId,
    string Device,
    string Root,
    string MountPoint,
    string Options,
    IReadOnlyList<string> Propagation,
    string FileSystemType,
    string Source,
    string SuperOptions)
{
    /// <summary>The mounts that this process sees, parents before children.</summary>
    public static IReadOnlyList<MountInfo> Read() => Parse(File.ReadAllLines("/proc/self/mountinfo"));

    /// <summary>The mounts that another process sees.</summary>
    public static IReadOnlyList<MountInfo> ReadOf(int pid) =>
        Parse(File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/mountinfo")));

    internal static IReadOnlyList<MountInfo> Parse(IEnumerable<string> lines) => [.. lines.Select(TryParse).OfType<MountInfo>()];

    private static MountInfo? TryParse(string line)
    {
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, "-", 0);
        if (separator < 6 || fields.Length < separator + 4
            || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int parent))
            return null;
        return new MountInfo(
            id, parent, fields[2], Unescape(fields[3]), Unescape(fields[4]), fields[5], fields[6..separator],
            fields[separator + 1], Unescape(fields[separator + 2]), Unescape(fields[separator + 3]));
    }

    /// <summary>Undoes the kernel's octal escapes of space, tab, newline and backslash.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) && IsOctal(text[i + 3]))
            {
                result.Append((char)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private static bool IsOctal(char c) => c is >= '0' and <= '7';
}
