namespace Waggle.Lab.Cluster;

/// <summary>Where labs keep their things. The defaults are the product's; tests take directories of their own.</summary>
/// <param name="StateRoot">Persistent: journal, keys, kubeconfig, daemon log.</param>
/// <param name="RuntimeRoot">A tmpfs is mounted below it for each lab. Keep it short: sockets lie below it.</param>
/// <param name="CgroupRoot">Name of the cgroup above all labs.</param>
public sealed record LabPaths(string StateRoot = "/var/lib/waggle/labs", string RuntimeRoot = "/run/waggle/labs", string CgroupRoot = "waggle")
{
    /// <summary>The defaults, or what <c>WAGGLE_LAB_STATE</c>, <c>WAGGLE_LAB_RUNTIME</c> and <c>WAGGLE_LAB_CGROUP</c> say: how a daemon learns the places of the process that started it.</summary>
    public static LabPaths OfThisProcess()
    {
        var defaults = new LabPaths();
        return new LabPaths(
            Environment.GetEnvironmentVariable("WAGGLE_LAB_STATE") ?? defaults.StateRoot,
            Environment.GetEnvironmentVariable("WAGGLE_LAB_RUNTIME") ?? defaults.RuntimeRoot,
            Environment.GetEnvironmentVariable("WAGGLE_LAB_CGROUP") ?? defaults.CgroupRoot);
    }

    public string State(string name) => Path.Combine(StateRoot, name);

    public string Runtime(string name) => Path.Combine(RuntimeRoot, name);

    public string Cgroup(string name) => $"{CgroupRoot}/{name}";

    public string Kubeconfig(string name) => Path.Combine(State(name), "kubeconfig");
}
