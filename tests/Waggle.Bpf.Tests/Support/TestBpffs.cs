using Waggle.Linux;

namespace Waggle.Bpf.Tests.Support;

/// <summary>A bpffs of its own, unmounted afterwards.</summary>
internal sealed class TestBpffs : IDisposable
{
    internal TestBpffs()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"wgt-bpffs-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path);
        Mounts.Bpf(Path);
    }

    internal string Path { get; }

    internal string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        Mounts.Unmount(Path, UnmountFlags.Detach);
        Directory.Delete(Path);
    }
}
