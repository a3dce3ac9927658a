using System.Globalization;

namespace Waggle.Bench.Agents;

/// <summary>A directory of this process; those of processes that were killed are removed when the next one is made.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    private const string Prefix = "waggle-bench-";

    internal ScratchDirectory()
    {
        foreach (var left in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var words = System.IO.Path.GetFileName(left)[Prefix.Length..].Split('-');
            if (words.Length == 2 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && !Directory.Exists($"/proc/{pid}"))
            {
                Directory.Delete(left, recursive: true);
            }
        }

        Path = Directory.CreateTempSubdirectory(FormattableString.Invariant($"{Prefix}{Environment.ProcessId}-")).FullName;
    }

    internal string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
