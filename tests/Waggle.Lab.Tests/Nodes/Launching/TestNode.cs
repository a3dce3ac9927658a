using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Tests.Nodes.Launching;

/// <summary>A node of its own for one test, with nothing in common with any other; leaves nothing behind.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly string _directory;
    private readonly Cgroup _cgroup;

    private TestNode(string directory, Cgroup cgroup, NodeHolder holder)
    {
        _directory = directory;
        _cgroup = cgroup;
        Holder = holder;
    }

    public NodeHolder Holder { get; }

    public NodeLauncher Launcher => Holder.Launcher;

    /// <summary>A directory of the machine that the node sees at /shared.</summary>
    public string Shared => System.IO.Path.Combine(_directory, "shared");

    public static string LauncherPath => System.IO.Path.Combine(AppContext.BaseDirectory, "waggle-podexec");

    public static async Task<TestNode> StartAsync(params string[] sysctls)
    {
        string name = $"wgt-{Guid.NewGuid().ToString("n")[..8]}";
        string directory = $"/run/{name}";
        Cgroup cgroup = Cgroup.At($"{name}").Create();
        Directory.CreateDirectory(directory);
        Mounts.Tmpfs(directory);
        foreach (string part in (string[])["node", "containers", "shared"])
            Directory.CreateDirectory($"{directory}/{part}");
        var spec = new NodeSpec
        {
            Name = name,
            Socket = $"{directory}/s",
            Cgroup = cgroup.Path,
            Directory = $"{directory}/node",
            Mounts = [new MountSpec($"{directory}/containers", "/var/lib/waggle/containers"), new MountSpec($"{directory}/shared", "/shared")],
            Sysctls = sysctls,
        };
        try
        {
            return new TestNode(directory, cgroup, await NodeHolder.StartAsync(LauncherPath, spec, TestContext.Current.CancellationToken));
        }
        catch
        {
            await CleanAsync(directory, cgroup);
            throw;
        }
    }

    public static ProcessSpec Shell(string script) => new()
    {
        Arguments = ["sh", "-c", script],
        Environment = new Dictionary<string, string> { ["PATH"] = Path },
    };

    public static ContainerSpec Container(string id, ProcessSpec process) => new() { Id = id, Cgroup = $"pods/p/{id}", Sandbox = "p", Process = process };

    public Task SandboxAsync(bool hostNetwork = false) => Launcher.CreateSandboxAsync("p", "pod-host", hostNetwork, [], TestContext.Current.CancellationToken);

    /// <summary>Runs a container to its end in the sandbox "p" and returns what it wrote.</summary>
    public async Task<(ProcessExit Exit, string Output)> RunAsync(ContainerSpec container)
    {
        using LaunchedProcess process = await Launcher.RunAsync(container, new ProcessStreams(false, true, false), TestContext.Current.CancellationToken);
        string output = await NodeLauncher.ReadAsync(process.Stdout!, TestContext.Current.CancellationToken);
        return (await process.Exited.WaitAsync(TestContext.Current.CancellationToken), output);
    }

    public async ValueTask DisposeAsync()
    {
        await Holder.DisposeAsync();
        await CleanAsync(_directory, _cgroup);
    }

    private static async Task CleanAsync(string directory, Cgroup cgroup)
    {
        await cgroup.KillAndRemoveAsync(TimeSpan.FromSeconds(60));
        Mounts.UnmountTree(directory);
        Directory.Delete(directory, recursive: true);
    }
}
