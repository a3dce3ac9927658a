namespace Waggle.Tests.Repository;

/// <summary>The checkout under test, found from the test program's own place.</summary>
internal static class SourceTree
{
    public static readonly string Root = Find();

    /// <summary>Files that git would track, relative to the root, without build output.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f))
            .Where(f => !f.Split('/').Any(part => part is "bin" or "obj" or "artifacts"));

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Waggle.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests must run from inside a checkout");
        }

        return folder;
    }
}
