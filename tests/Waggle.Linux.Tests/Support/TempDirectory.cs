namespace Waggle.Linux.Tests;

/// <summary>A directory that disappears with everything mounted in it.</summary>
internal sealed class TempDirectory : IDisposable
{
    public TempDirectory() => Path = Directory.CreateTempSubdirectory("wgt-").FullName;

    public string Path { get; }

    public string Make(string name) => Directory.CreateDirectory($"{Path}/{name}").FullName;

    public void Dispose()
    {
        Mounts.UnmountTree(Path);
        Directory.Delete(Path, recursive: true);
    }
}
