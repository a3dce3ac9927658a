using System.Globalization;

namespace Waggle.Bench.Multicast;

/// <summary>
/// CPU time of the kernel's ksoftirqd threads. Packets that a send causes are worked off in the sender's own time; only what is
/// too much at once is left to these threads. The machine's other traffic is in it too, so machines should be quiet.
/// </summary>
internal static class SoftIrqThreads
{
    private static readonly string[] Files = [.. Directory.EnumerateDirectories("/proc")
        .Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0]) && Comm(path).StartsWith("ksoftirqd/", StringComparison.Ordinal))
        .Select(path => Path.Combine(path, "schedstat"))];

    /// <summary>Nanoseconds so far; 0 in a container that does not see them.</summary>
    internal static long Nanoseconds() => Files.Sum(file => long.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture));

    private static string Comm(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(path, "comm"));
        }
        catch (IOException)
        {
            return ""; // ended meanwhile
        }
    }
}
