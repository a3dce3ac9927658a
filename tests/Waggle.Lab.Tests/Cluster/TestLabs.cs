using System.Reflection;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Lab.Cluster;
using Waggle.Linux;

namespace Waggle.Lab.Tests.Cluster;

/// <summary>Labs in places of their own, run by the product's executable; whatever a test does, nothing is left.</summary>
internal sealed class TestLabs : IAsyncDisposable
{
    private readonly string _id = $"wgt{Guid.NewGuid().ToString("n")[..6]}";

    public TestLabs()
    {
        Paths = new LabPaths($"/var/tmp/{_id}", $"/run/{_id}", _id);
        string program = typeof(TestLabs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "WaggleProgram").Value!;
        Labs = new LabCluster(Paths, new LabMachine(program));
    }

    public LabPaths Paths { get; }

    public LabCluster Labs { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A small lab without an agent.</summary>
    public static LabOptions Options(string name, int nodes = 1) => new() { Name = name, Nodes = nodes, InstallWaggle = false };

    public Task<LabInfo> UpAsync(LabOptions options, ILabProgress? progress = null) => Labs.UpAsync(options, progress ?? NoProgress.Instance, Cancellation);

    public Task<bool> DownAsync(string name) => Labs.DownAsync(name, NoProgress.Instance, Cancellation);

    public KubeClient Client(string name) => new(KubeConfig.FromFile(Paths.Kubeconfig(name)));

    /// <summary>The daemon's process, held so that it cannot be mistaken; null when there is none.</summary>
    public PidDescriptor? Daemon(string name)
    {
        string file = Path.Combine(Paths.State(name), "daemon.pid");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), out int pid) ? PidDescriptor.TryOpen(pid) : null;
    }

    /// <summary>Kills the daemon as a crash does, and waits until it is gone.</summary>
    public void Crash(string name)
    {
        using PidDescriptor daemon = Daemon(name) ?? throw new InvalidOperationException("no daemon");
        daemon.Send(Signal.Kill);
        Assert.True(daemon.WaitForExit(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Everything on this machine that carries this test's name: mounts, directories, cgroups, processes.</summary>
    public IReadOnlyList<string> Traces()
    {
        List<string> traces = [.. MountInfo.Read().Where(mount => mount.MountPoint.Contains(_id, StringComparison.Ordinal)).Select(mount => $"mount {mount.MountPoint}")];
        foreach (string root in (string[])[Paths.StateRoot, Paths.RuntimeRoot])
            traces.AddRange(Directory.Exists(root) ? Directory.EnumerateFileSystemEntries(root).Select(entry => $"file {entry}") : []);
        Cgroup cgroup = Cgroup.At(_id);
        traces.AddRange(cgroup.Exists ? cgroup.Children().Select(child => $"cgroup {child.Path}") : []);
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (File.ReadAllText($"{process}/environ").Contains($"WAGGLE_LAB_CGROUP={_id}", StringComparison.Ordinal) || File.ReadAllText($"{process}/cgroup").Contains($"/{_id}/", StringComparison.Ordinal))
                    traces.Add($"process {Path.GetFileName(process)} {File.ReadAllText($"{process}/cmdline").Replace('\0', ' ')}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }
        return traces;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string directory in Directory.Exists(Paths.StateRoot) ? Directory.GetDirectories(Paths.StateRoot) : [])
            await Labs.DownAsync(Path.GetFileName(directory), NoProgress.Instance, CancellationToken.None);
        await Cgroup.At(_id).KillAndRemoveAsync(TimeSpan.FromSeconds(60));
        Mounts.UnmountTree(Paths.RuntimeRoot);
        foreach (string root in (string[])[Paths.StateRoot, Paths.RuntimeRoot])
        {
            if (Directory.Exists(root))
                Directory.Delete(root, recursive: true);
        }
    }
}
