namespace Waggle.Lab.Cluster;

/// <summary>The labs of this machine: what <c>waggle lab …</c> does. Needs root.</summary>
/// <remarks>
/// Every lab has one daemon process (<see cref="RunDaemonAsync"/>), started detached by <see cref="UpAsync"/>. All a lab leaves when its
/// daemon is killed is found by its name: state in <c>/var/lib/waggle/labs/NAME</c>, a tmpfs at <c>/run/waggle/labs/NAME</c> and the
/// cgroup <c>waggle/NAME</c>; namespaces, interfaces and processes end with the daemon.
/// </remarks>
public sealed class LabCluster(LabPaths? paths = null)
{
    private readonly LabPaths _paths = paths ?? new LabPaths();

    /// <summary>Starts a lab, or continues one whose daemon was killed, and waits until its nodes and system pods are Ready.</summary>
    /// <remarks>A running lab with the same options is success. Cancelling ends the waiting, not the lab.</remarks>
    /// <exception cref="LabException">It runs with other options, or cannot start; the message says what to do.</exception>
    public Task<LabInfo> UpAsync(LabOptions options, ILabProgress progress, CancellationToken cancellation = default)
    {
        options.Validate();
        throw new NotImplementedException();
    }

    /// <summary>Ends a lab and removes everything it had, also after a crash. A lab that does not exist is success.</summary>
    /// <returns>False when there was nothing to remove.</returns>
    public Task<bool> DownAsync(string name, ILabProgress progress, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>All labs, running or not.</summary>
    public IReadOnlyList<LabInfo> List() => throw new NotImplementedException();

    /// <summary>One lab, or null.</summary>
    public LabInfo? Find(string name) => List().FirstOrDefault(lab => lab.Options.Name == name);

    /// <summary>The lab's kubeconfig.</summary>
    /// <exception cref="LabException">There is no such lab.</exception>
    public string KubeconfigPath(string name) =>
        Find(name)?.Kubeconfig ?? throw new LabException($"There is no lab '{name}'. `waggle lab list` shows those there are, `waggle lab up --name {name}` starts it.");

    /// <summary>The directory with <c>cilium</c>, <c>hubble</c>, … for a lab's shell, to be put first on PATH.</summary>
    public string ToolsDirectory(string name) => Path.Combine(_paths.Runtime(name), "bin");

    /// <summary>The body of <c>waggle lab daemon --name X</c>: runs the lab until SIGTERM (or the token) ends it.</summary>
    /// <returns>The process's exit code.</returns>
    public Task<int> RunDaemonAsync(string name, CancellationToken cancellation = default) => throw new NotImplementedException();
}
