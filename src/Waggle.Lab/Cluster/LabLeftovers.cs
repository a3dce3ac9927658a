using Waggle.Linux;

namespace Waggle.Lab.Cluster;

/// <summary>
/// Removes what a lab's daemon may have left on the machine, found by the lab's name alone: processes by cgroup, then mounts, then
/// directories. Namespaces and interfaces need no names: they end with the last process or mount that holds them.
/// </summary>
internal static class LabLeftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Ends every process of the lab and takes its runtime directory away; its state on disk stays.</summary>
    /// <returns>False when there was nothing.</returns>
    /// <exception cref="LinuxException">EBUSY: a process of it does not die.</exception>
    public static async Task<bool> RemoveAsync(LabPaths paths, string name)
    {
        var found = false;
        var cgroup = Cgroup.At(paths.Cgroup(name));
        if (cgroup.Exists)
        {
            found = true;
            await cgroup.KillAndRemoveAsync(Patience).ConfigureAwait(false);
        }

        var runtime = paths.Runtime(name);
        if (Directory.Exists(runtime))
        {
            found = true;
            Mounts.UnmountTree(runtime);
            Directory.Delete(runtime, recursive: true);
        }

        return found;
    }
}
