using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Nodes;

/// <summary>The parts of this machine that a node is made of.</summary>
/// <param name="Launcher">The native program <c>waggle-podexec</c>.</param>
/// <param name="Tools">A directory with the command names <c>cilium</c>, <c>hubble</c>, …</param>
/// <param name="Program">The directory of the <c>waggle</c> program itself.</param>
internal sealed record NodeMachine(string Launcher, string Tools, string Program)
{
    /// <summary>File systems that hold programs and libraries; others are none of a container's business.</summary>
    private static readonly string[] ProgramRoots = ["/usr", "/opt", "/bin", "/sbin", "/lib", "/lib64", "/home", "/root", "/srv", "/nix"];

    private static readonly string[] DiskTypes = ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "erofs", "squashfs", "virtiofs", "9p"];

    /// <summary>Mounts of the machine that its root does not contain, and that containers need: they are shown read-only.</summary>
    public static IReadOnlyList<MountSpec> SeparateFileSystems() =>
        [.. MountInfo.Read()
            .Where(mount => DiskTypes.Contains(mount.FileSystemType) && ProgramRoots.Any(root => mount.MountPoint == root || mount.MountPoint.StartsWith(root + "/", StringComparison.Ordinal)))
            .Select(mount => mount.MountPoint).Distinct().Order(StringComparer.Ordinal)
            .Select(path => new MountSpec(path, path) { ReadOnly = true, Recursive = false })];

    /// <summary>Makes a node: its namespaces, its file system, and the directories a kubelet and CNI plugins use.</summary>
    /// <param name="name">Its host name.</param>
    /// <param name="paths">Its directories, which exist.</param>
    /// <param name="cgroup">Its cgroup, which exists.</param>
    /// <param name="hosts">Content of its /etc/hosts.</param>
    /// <param name="sysctls">Kernel parameters of its network.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LaunchException">The kernel refused.</exception>
    public async Task<NodeHolder> StartAsync(string name, NodePaths paths, string cgroup, string hosts, IReadOnlyList<string> sysctls, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(Path.Combine(paths.Etc, "hosts"), hosts, cancellation).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(paths.Etc, "hostname"), name + "\n", cancellation).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(paths.Etc, "resolv.conf"), "", cancellation).ConfigureAwait(false);
        var spec = new NodeSpec
        {
            Name = name,
            Socket = paths.Socket,
            Cgroup = cgroup,
            Directory = paths.FileSystem,
            Sysctls = sysctls,
            Mounts =
            [
                .. SeparateFileSystems(),
                new MountSpec(paths.Containers, "/var/lib/waggle/containers"),
                new MountSpec(paths.Pods, NodePaths.PodsInNode),
                new MountSpec(paths.Logs, NodePaths.LogsInNode),
                new MountSpec(paths.CniConfiguration, NodePaths.CniConfigurationInNode),
                new MountSpec(paths.CniPlugins, NodePaths.CniPluginsInNode),
                new MountSpec(paths.CniState, "/var/lib/cni"),
                new MountSpec(Path.Combine(paths.Etc, "hosts"), "/etc/hosts"),
                new MountSpec(Path.Combine(paths.Etc, "hostname"), "/etc/hostname"),
                new MountSpec(Path.Combine(paths.Etc, "resolv.conf"), "/etc/resolv.conf"),
                new MountSpec(Tools, $"{NodePaths.WaggleInNode}/bin") { ReadOnly = true },
                new MountSpec(Program, $"{NodePaths.WaggleInNode}/lib") { ReadOnly = true },
            ],
        };
        return await NodeHolder.StartAsync(Launcher, spec, cancellation).ConfigureAwait(false);
    }
}
